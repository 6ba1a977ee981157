package io.varve.lsvd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.varve.linux.Errno;
import io.varve.linux.ErrnoException;
import io.varve.lsvd.VolumeException.Kind;
import io.varve.lsvd.format.FormatException;
import io.varve.lsvd.store.DirectoryStore;
import io.varve.lsvd.store.NoSuchObjectException;
import io.varve.lsvd.store.ObjectStore;
import io.varve.lsvd.store.StoreException;
import java.io.IOException;
import java.nio.file.Path;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VolumeExceptionTest {
    @TempDir
    private Path directory;

    @Test
    void aRefusalTellsItsKind() throws IOException, VolumeException {
        try (ObjectStore store = DirectoryStore.open(directory, true)) {
            final VolumeCatalog catalog = new VolumeCatalog(store);
            catalog.create("there", 1 << 20);
            assertThat(kindOf(() -> catalog.create("there", 1 << 20))).isEqualTo(Kind.EXISTS);
            assertThat(kindOf(() -> catalog.create("-", 1 << 20))).isEqualTo(Kind.INVALID);
            assertThat(kindOf(() -> catalog.create("other", -1))).isEqualTo(Kind.INVALID);
            assertThat(kindOf(() -> catalog.info("other"))).isEqualTo(Kind.NOT_FOUND);
            assertThat(kindOf(() -> catalog.snapshot("there", "s"))).isEqualTo(Kind.NOT_FOUND);
        }
    }

    @Test
    void aFailureIsOfTheKindOfItsCause() {
        assertThat(kindOf(new StoreException("away"))).isEqualTo(Kind.UNAVAILABLE);
        assertThat(kindOf(new NoSuchObjectException("key"))).isEqualTo(Kind.DAMAGED);
        assertThat(kindOf(new FormatException("torn"))).isEqualTo(Kind.DAMAGED);
        assertThat(kindOf(new ErrnoException("write", Errno.ENOSPC))).isEqualTo(Kind.NO_SPACE);
        assertThat(kindOf(new ErrnoException("write", Errno.EIO))).isEqualTo(Kind.UNAVAILABLE);
    }

    private static Kind kindOf(final IOException cause) {
        return new VolumeException("it failed", cause).kind();
    }

    private static Kind kindOf(final ThrowingCallable refused) {
        return catchThrowableOfType(VolumeException.class, refused).kind();
    }
}

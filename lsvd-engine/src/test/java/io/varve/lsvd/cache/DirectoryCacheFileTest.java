package io.varve.lsvd.cache;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.linux.LinuxFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DirectoryCacheFileTest {
    private static final long LENGTH = 1L << 30;

    @TempDir
    Path directory;

    private Path cache;

    @BeforeEach
    void nameTheCache() {
        cache = directory.resolve("cache");
    }

    @Test
    void takesItsSpaceAsItIsWritten() throws Exception {
        try (DirectoryCacheFile file = DirectoryCacheFile.open(cache)) {
            file.format(LENGTH);
            assertThat(file.length()).isEqualTo(LENGTH);
            try (LinuxFile opened = LinuxFile.open(cache.resolve("read-cache"), LinuxFile.O_RDONLY)) {
                assertThat(opened.stat().allocated()).isLessThan(1 << 20);
            }
        }
    }

    @Test
    void belongsToOneAtATimeAndToItsOwnerAlone() throws Exception {
        try (DirectoryCacheFile file = DirectoryCacheFile.open(cache)) {
            assertThat(DirectoryCacheFile.open(cache)).isNull();
            assertThat(file.length()).isZero();
        }
        DirectoryCacheFile.open(cache).close();
        assertThat(permissions(cache)).isEqualTo("rwx------");
        assertThat(permissions(cache.resolve("read-cache"))).isEqualTo("rw-------");
    }

    @Test
    void whatAnOperatorHasSetStays() throws Exception {
        Files.createDirectory(cache);
        Files.setPosixFilePermissions(cache, PosixFilePermissions.fromString("rwxrwx--x"));
        DirectoryCacheFile.open(cache).close();
        assertThat(permissions(cache)).isEqualTo("rwxrwx--x");
    }

    private static String permissions(final Path path) throws Exception {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
    }
}

package io.varve.launcher.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.linux.IoRing;
import io.varve.linux.IoRings;
import io.varve.lsvd.VolumeCatalog;
import io.varve.lsvd.VolumeContext;
import io.varve.lsvd.store.DirectoryStore;
import io.varve.lsvd.store.ObjectStore;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A volume that a daemon takes, lets go, and follows again. */
final class PossessionTest {
    private static final long PATIENCE_NS = 60_000_000_000L;

    @TempDir
    private Path directory;

    @Test
    void whatTheOperatorHasSaidCountsForOneOpening() throws Exception {
        final List<VolumeContext> contexts = new CopyOnWriteArrayList<>();
        try (ObjectStore store = DirectoryStore.open(directory.resolve("store"), true);
                IoRing ring = IoRings.open(64)) {
            new VolumeCatalog(store).create("disk", 1 << 20);
            final Possession possession = new Possession(
                    "disk",
                    runtime -> {
                        final VolumeContext context = new VolumeContext()
                                .store(store)
                                .name("disk")
                                .cacheDirectory(directory.resolve("cache"))
                                .logSizeBytes(VolumeContext.MIN_LOG_SIZE)
                                .runtime(runtime)
                                .ring(ring);
                        contexts.add(context);
                        return context;
                    },
                    false,
                    ring::wakeUp,
                    volume -> {},
                    reason -> {},
                    reason -> {});
            possession.begin(new OpeningChoices(false, true, true, false, false, false));
            assertThat(possession.volume()).isNotNull();
            assertThat(contexts.getFirst().isDataLossAccepted()).isTrue();
            assertThat(contexts.getFirst().isTakeOver()).isTrue();

            // Nobody uses it: it is let go, and followed again.
            await(possession, ring, () -> contexts.size() == 2);
            assertThat(contexts.getLast().isDataLossAccepted()).isFalse();
            assertThat(contexts.getLast().isTakeOver()).isFalse();
            await(possession, ring, () -> possession.standing() != null);
            assertThat(possession.end()).isNull();
        }
    }

    private static void await(final Possession possession, final IoRing ring, final BooleanSupplier condition) {
        final long deadline = System.nanoTime() + PATIENCE_NS;
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("patience").isLessThan(deadline);
            if (possession.doWork() == 0) {
                ring.turn(Math.min(possession.maxIdleNs(), 1_000_000));
            } else {
                ring.turn(0);
            }
        }
    }
}

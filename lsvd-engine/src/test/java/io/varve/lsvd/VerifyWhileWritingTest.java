package io.varve.lsvd;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.gc.GcPolicy;
import io.varve.lsvd.runtime.SystemRuntime;
import io.varve.lsvd.scan.Cancellation;
import io.varve.lsvd.store.DirectoryStore;
import io.varve.lsvd.store.ObjectStore;
import io.varve.lsvd.store.StoreClient;
import io.varve.lsvd.verify.Finding;
import io.varve.lsvd.verify.Verification;
import io.varve.lsvd.verify.VolumeVerifier;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Verification beside a writer whose garbage collection takes objects away all the time. */
class VerifyWhileWritingTest {
    private static final int BLOCKS = 4096;
    private static final int VERIFICATIONS = 8;

    @TempDir
    private Path home;

    private final AtomicLong rounds = new AtomicLong();
    private final AtomicLong deleted = new AtomicLong();
    private volatile boolean isEnded;

    @Test
    void nothingIsTakenForDamage() throws Exception {
        try (ObjectStore store = DirectoryStore.open(home.resolve("store"), true)) {
            final VolumeCatalog catalog = new VolumeCatalog(store);
            catalog.create("disk", (long) BLOCKS * Blocks.SIZE);
            final CompletableFuture<Void> writer = CompletableFuture.runAsync(() -> write(store));
            awaitDeletions(writer);
            final long deletedBefore = deleted.get();
            for (int i = 0; i < VERIFICATIONS; i++) {
                final List<Finding> findings = new ArrayList<>();
                assertThat(verify(store, catalog.find("disk"), findings).isWell())
                        .as("%s", findings)
                        .isTrue();
            }
            assertThat(deleted.get()).as("objects deleted meanwhile").isGreaterThan(deletedBefore);
            isEnded = true;
            writer.get();
            assertThat(verify(store, catalog.find("disk"), new ArrayList<>()).isWell())
                    .isTrue();
        }
    }

    /** A pace at which objects that were needed in the beginning are gone before they are read. */
    private Verification verify(final ObjectStore store, final UUID volume, final List<Finding> findings)
            throws IOException {
        return new VolumeVerifier(
                        new StoreClient(store, new SystemRuntime(), 10_000),
                        new SystemRuntime(),
                        volume,
                        List.of(),
                        isEnded ? 0 : 64 << 20,
                        Cancellation.NEVER,
                        findings::add)
                .verify();
    }

    private void awaitDeletions(final CompletableFuture<Void> writer) throws InterruptedException {
        while (deleted.get() == 0 && !writer.isDone()) {
            Thread.sleep(10);
        }
    }

    private void write(final ObjectStore store) {
        final Random random = new Random(7);
        try (VolumeRig rig = new VolumeRig(VolumeRig.context(store, home.resolve("cache"))
                .checkpointInterval(3)
                .gcPolicy(new GcPolicy(1.05, 0.05, 0))
                .destageDelayNs(5_000_000))) {
            final byte[] data = new byte[64 * Blocks.SIZE];
            for (int block = 0; block < BLOCKS; block += 64) {
                rig.write((long) block * Blocks.SIZE, data);
            }
            while (!isEnded) {
                random.nextBytes(data);
                rig.write((long) random.nextInt(BLOCKS - 64) * Blocks.SIZE, data);
                // At full speed something that a round needs is always gone before the round has come to it.
                rig.turnFor(20);
                rounds.incrementAndGet();
                deleted.set(rig.volume.stats().space().objectsDeleted());
            }
        } catch (final IOException | VolumeException e) {
            throw new IllegalStateException(e);
        }
    }
}

package io.varve.lsvd;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.lsvd.gc.GcPolicy;
import io.varve.lsvd.store.DirectoryStore;
import io.varve.lsvd.store.ForwardingStore;
import io.varve.lsvd.store.ObjectStore;
import io.varve.lsvd.store.StoredObject;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Errors that nobody foresaw, on the threads of a volume. */
final class VolumeAgentErrorTest {
    private static final int BLOCK = 4096;

    @TempDir
    private Path directory;

    private ObjectStore store;
    private Throwing throwing;

    @BeforeEach
    void makeVolume() throws Exception {
        store = DirectoryStore.open(directory.resolve("store"), true);
        throwing = new Throwing();
        new VolumeCatalog(store).create("disk", 1 << 20);
    }

    @AfterEach
    void closeStore() {
        store.close();
    }

    @Test
    void inCollectionAreShownAndDoNotStopShipping() throws Exception {
        try (VolumeRig rig = open()) {
            throwing.on("list", key -> key.endsWith("/pins/"), new IllegalArgumentException("strange"));
            for (int i = 1; i < 5; i++) {
                rig.write(0, block(i));
                rig.await(rig.volume::isStored);
            }
            rig.await(() -> rig.volume.stats().agentTrouble() != null);
            assertThat(rig.volume.stats().agentTrouble())
                    .startsWith("varve-disk-destage, garbage collection: unexpected error")
                    .contains("strange");
            assertThat(rig.volume.failure()).isNull();
            throwing.off();
        }
        assertThat(contents()).isEqualTo(block(4));
    }

    @Test
    void inCollectionDoNotKeepShippingWaitingForARoundThatWasBegun() throws Exception {
        final Random random = new Random(5);
        final byte[] data = new byte[128 * BLOCK];
        random.nextBytes(data);
        try (VolumeRig rig = new VolumeRig(VolumeRig.context(throwing, directory.resolve("cache"))
                .gcPolicy(new GcPolicy(1.05, 0.05, 0))
                .checkpointInterval(1))) {
            // Collection alone reads objects here: what is written is read from the log.
            throwing.holdReadsAndThen(
                    new Fault("list", key -> key.endsWith("/pins/"), new IllegalStateException("odd")));
            while (rig.volume.stats().agentTrouble() == null) {
                rig.submitWrite(0, (long) BLOCK * random.nextInt(128), data);
                rig.await(() -> rig.outstanding() == 0 && isSettled(rig));
            }
            for (int i = 0; i < 10; i++) {
                rig.write((long) BLOCK * random.nextInt(128), data);
                rig.await(rig.volume::isStored);
            }
            throwing.off();
        }
    }

    private static boolean isSettled(final VolumeRig rig) {
        return rig.volume.isStored() || rig.volume.stats().agentTrouble() != null;
    }

    @Test
    void whileUploadingAreShownAndTriedAgain() throws Exception {
        try (VolumeRig rig = open()) {
            throwing.on("put", key -> key.contains("/log/"), new OutOfMemoryError("Java heap space"));
            rig.write(0, block(1));
            rig.await(() -> rig.volume.stats().agentTrouble() != null);
            assertThat(rig.volume.stats().agentTrouble())
                    .isEqualTo("varve-disk-destage: there is no memory left; it is tried again");
            assertThat(rig.volume.failure()).isNull();
            assertThat(rig.volume.isStored()).isFalse();
            throwing.off();
            rig.await(rig.volume::isStored);
        }
        assertThat(contents()).isEqualTo(block(1));
    }

    @Test
    void whileFetchingFailReadsAndNothingElse() throws Exception {
        try (VolumeRig rig = open()) {
            rig.write(0, block(1));
        }
        try (VolumeRig rig = openWithoutLog()) {
            throwing.on("get", key -> key.contains("/log/"), new IllegalStateException("strange"));
            rig.submitRead(0, 0, BLOCK);
            rig.await(() -> rig.outstanding() == 0);
            assertThat(rig.takeFailed()).isEqualTo(1);
            rig.await(() -> rig.volume.stats().agentTrouble() != null);
            assertThat(rig.volume.stats().agentTrouble()).startsWith("varve-disk-fetch: unexpected error");
            throwing.off();
            assertThat(rig.read(0, BLOCK)).isEqualTo(block(1));
        }
    }

    private VolumeRig open() throws Exception {
        return new VolumeRig(
                VolumeRig.context(throwing, directory.resolve("cache")).checkpointInterval(1));
    }

    private VolumeRig openWithoutLog() throws Exception {
        return new VolumeRig(throwing, directory.resolve("other-cache"));
    }

    private byte[] contents() throws Exception {
        try (VolumeRig rig = openWithoutLog()) {
            return rig.read(0, BLOCK);
        }
    }

    private static byte[] block(final int value) {
        final byte[] block = new byte[BLOCK];
        Arrays.fill(block, (byte) value);
        return block;
    }

    /** What a store throws, and when. */
    private record Fault(String operation, Predicate<String> keys, Throwable error) {}

    /** A store that does not answer some requests, but throws. */
    private final class Throwing extends ForwardingStore {
        private volatile Fault fault;

        /** What goes wrong once an object is read; the read is never answered then. */
        private volatile Fault onRead;

        Throwing() {
            super(store);
        }

        void on(final String operation, final Predicate<String> keys, final Throwable error) {
            fault = new Fault(operation, keys, error);
        }

        void holdReadsAndThen(final Fault then) {
            onRead = then;
        }

        void off() {
            fault = null;
            onRead = null;
        }

        private void check(final String operation, final String key) {
            final Fault now = fault;
            if (now != null && now.operation.equals(operation) && now.keys.test(key)) {
                throw now.error instanceof Error fatal ? fatal : sneaky((RuntimeException) now.error);
            }
        }

        private Error sneaky(final RuntimeException error) {
            throw error;
        }

        @Override
        public CompletableFuture<Boolean> putIfAbsent(final String key, final MemorySegment body) {
            check("put", key);
            return store.putIfAbsent(key, body);
        }

        @Override
        public CompletableFuture<Integer> get(final String key, final long offset, final MemorySegment target) {
            check("get", key);
            if (onRead != null && key.contains("/log/")) {
                fault = onRead;
                return new CompletableFuture<>();
            }
            return store.get(key, offset, target);
        }

        @Override
        public CompletableFuture<List<StoredObject>> list(final String prefix, final String after, final int limit) {
            check("list", prefix);
            return store.list(prefix, after, limit);
        }

        @Override
        public CompletableFuture<Void> delete(final String key) {
            check("delete", key);
            return store.delete(key);
        }

        @Override
        public void close() {
            // The test closes the store.
        }
    }
}

package io.varve.lsvd;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.lsvd.format.Covered;
import io.varve.lsvd.gc.GcPolicy;
import io.varve.lsvd.history.History;
import io.varve.lsvd.history.HistoryFollower;
import io.varve.lsvd.history.HistoryReader;
import io.varve.lsvd.history.Sealer;
import io.varve.lsvd.runtime.SystemRuntime;
import io.varve.lsvd.store.DirectoryStore;
import io.varve.lsvd.store.Keys;
import io.varve.lsvd.store.NoSuchObjectException;
import io.varve.lsvd.store.ObjectStore;
import io.varve.lsvd.store.StoreClient;
import io.varve.lsvd.store.StoredObject;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A busy writer has deleted an object, and somebody with an old history has put a seal in its place: it does not count, since a
 * checkpoint covers what is behind it. Whoever else reads meanwhile meets that seal.
 */
final class FalseSealTest {
    private static final UUID NONCE = new UUID(5, 6);

    @TempDir
    private Path directory;

    private ObjectStore store;
    private UUID volume;
    private VolumeRig writer;
    private TurningStore turning;
    private long falseSeal;
    private long newest;

    /** Leaves {@link #turning} with the store as it was before the object was deleted, and as it is behind the false seal. */
    @BeforeEach
    void sealWhereAnObjectWas() throws Exception {
        store = DirectoryStore.open(directory.resolve("store"), true);
        volume = new VolumeCatalog(store).create("disk", 1 << 20).uuid();
        writer = new VolumeRig(VolumeRig.context(store, directory.resolve("cache"))
                .destageDelayNs(1)
                .checkpointInterval(4)
                .gcPolicy(new GcPolicy(1.05, 0.9, 0)));
        for (int i = 0; i < 2; i++) {
            write(i);
        }
        final TreeMap<String, byte[]> before = contents();
        try (History then = reader(store).read()) {
            falseSeal = then.nextSequence();
        }
        write(2);
        while (isThere(falseSeal) || !isCheckpointedBeyond(falseSeal)) {
            write(2);
        }
        store.putIfAbsent(
                        Keys.object(volume, 1, falseSeal),
                        Sealer.encode(volume, 1, falseSeal, NONCE, Covered.through(1, true), -1))
                .get();
        turning = new TurningStore(before, contents(), Keys.object(volume, 1, falseSeal));
        try (History now = reader(store).read()) {
            newest = now.nextSequence();
        }
    }

    @AfterEach
    void close() {
        writer.crash();
        store.close();
    }

    @Test
    void aReaderBeginsAgainAtTheCheckpoint() throws Exception {
        try (History history = reader(turning).read()) {
            assertThat(turning.hasTurned()).isTrue();
            assertThat(history.nextSequence()).isEqualTo(newest);
            assertThat(history.sealedBy()).isNull();
        }
    }

    @Test
    void aFollowerBeginsAgainAtTheCheckpoint() throws Exception {
        try (HistoryFollower follower = follower()) {
            assertThat(follower.history().nextSequence()).isEqualTo(falseSeal);
            turning.turn();
            follower.look((history, sequence, blocks) -> {});
            assertThat(follower.history().nextSequence()).isEqualTo(newest);
            assertThat(follower.history().sealedBy()).isNull();
        }
    }

    private void write(final int block) {
        final long put = writer.volume.stats().objectsPut();
        writer.write(block * 4096L, new byte[4096]);
        writer.await(() -> writer.volume.stats().objectsPut() > put);
    }

    private boolean isThere(final long sequence) throws Exception {
        return !store.list(Keys.object(volume, 1, sequence)).get().isEmpty();
    }

    private boolean isCheckpointedBeyond(final long sequence) throws Exception {
        try (History now = reader(store).read()) {
            return now.checkpoints().newest() > sequence;
        }
    }

    private TreeMap<String, byte[]> contents() throws Exception {
        final TreeMap<String, byte[]> contents = new TreeMap<>();
        for (final StoredObject object : store.list("").get()) {
            final byte[] bytes = new byte[(int) object.length()];
            store.get(object.key(), 0, MemorySegment.ofArray(bytes)).get();
            contents.put(object.key(), bytes);
        }
        return contents;
    }

    private HistoryFollower follower() throws Exception {
        return new HistoryFollower(client(turning.before()), volume, reader(turning));
    }

    private HistoryReader reader(final ObjectStore of) {
        return new HistoryReader(client(of), volume);
    }

    private static StoreClient client(final ObjectStore of) {
        return new StoreClient(of, new SystemRuntime(), 10_000);
    }

    /** A store that is in one state until a key is read, and in another from then on. */
    private static final class TurningStore implements ObjectStore {
        private final TreeMap<String, byte[]> before;
        private final TreeMap<String, byte[]> after;
        private final String key;
        private TreeMap<String, byte[]> now;
        private boolean isHeld;

        TurningStore(final TreeMap<String, byte[]> before, final TreeMap<String, byte[]> after, final String key) {
            this.before = before;
            this.after = after;
            this.key = key;
            now = before;
        }

        /** Stays as it was until {@link #turn()}. */
        TurningStore before() {
            now = before;
            isHeld = true;
            return this;
        }

        void turn() {
            now = after;
        }

        boolean hasTurned() {
            return now == after;
        }

        @Override
        public CompletableFuture<Integer> get(final String wanted, final long offset, final MemorySegment target) {
            if (!isHeld && wanted.equals(key)) {
                turn();
            }
            final byte[] bytes = now.get(wanted);
            if (bytes == null) {
                return CompletableFuture.failedFuture(new NoSuchObjectException(wanted));
            }
            final int length = (int) Math.max(0, Math.min(target.byteSize(), bytes.length - offset));
            MemorySegment.copy(bytes, (int) offset, target, ValueLayout.JAVA_BYTE, 0, length);
            return CompletableFuture.completedFuture(length);
        }

        @Override
        public CompletableFuture<List<StoredObject>> list(final String prefix, final String after, final int limit) {
            final List<StoredObject> found = new ArrayList<>();
            now.forEach((one, bytes) -> {
                if (one.startsWith(prefix) && one.compareTo(after) > 0 && found.size() < limit) {
                    found.add(new StoredObject(one, bytes.length));
                }
            });
            return CompletableFuture.completedFuture(found);
        }

        @Override
        public CompletableFuture<Boolean> putIfAbsent(final String taken, final MemorySegment body) {
            throw new UnsupportedOperationException();
        }

        @Override
        public CompletableFuture<Void> delete(final String doomed) {
            throw new UnsupportedOperationException();
        }

        @Override
        public String url() {
            return "turning:";
        }

        @Override
        public void close() {
            // Nothing is held.
        }
    }
}

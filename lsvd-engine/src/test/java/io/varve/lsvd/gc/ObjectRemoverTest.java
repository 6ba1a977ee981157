package io.varve.lsvd.gc;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.lsvd.history.Checkpoint;
import io.varve.lsvd.history.CheckpointChain;
import io.varve.lsvd.history.Epochs;
import io.varve.lsvd.history.MapChanges;
import io.varve.lsvd.history.ObjectTable;
import io.varve.lsvd.map.ExtentMap;
import io.varve.lsvd.store.DirectoryStore;
import io.varve.lsvd.store.ForwardingStore;
import io.varve.lsvd.store.Keys;
import io.varve.lsvd.store.ObjectStore;
import io.varve.lsvd.store.StoredObject;
import io.varve.lsvd.store.UnsyncedStore;
import io.varve.lsvd.stored.StoredMap;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Object 1 has been collected into object 2, which checkpoint 3 has recorded; time stands still for the remover. */
final class ObjectRemoverTest {
    private static final UUID VOLUME = new UUID(1, 2);
    private static final UUID NONCE = new UUID(3, 4);
    private static final long EPOCH = 1;
    private static final long PATIENCE_NS = 10_000_000_000L;

    @TempDir
    private Path directory;

    private ObjectStore store;
    private StoredMap stored;
    private ObjectRemover remover;

    @BeforeEach
    void open() throws Exception {
        store = DirectoryStore.open(directory, true);
        final ObjectTable objects = new ObjectTable();
        for (long sequence = 1; sequence <= 2; sequence++) {
            store.putIfAbsent(Keys.object(VOLUME, EPOCH, sequence), MemorySegment.ofArray(new byte[1]))
                    .get();
            objects.add(sequence, 1, 1, (int) sequence - 1);
        }
        objects.die(objects.find(1), 2);
        final Epochs epochs = Epochs.NONE.with(new Epochs.Entry(VOLUME, EPOCH, 1, NONCE));
        stored = new StoredMap(
                new Checkpoint.Author(VOLUME, EPOCH, NONCE, epochs),
                new ExtentMap(),
                new MapChanges(),
                objects,
                CheckpointChain.NONE,
                64);
        remover = new ObjectRemover(store, VOLUME, stored, () -> 0);
        await(() -> remover.doWork(0, 0) + remover.doWork(0, 0) == 0 && remover.pins() != null);
    }

    @AfterEach
    void close() {
        stored.close();
        store.close();
    }

    @Test
    void keepsWhatNoCheckpointHasRecordedAsDead() {
        settle(2);
        assertThat(remover.deleted()).isZero();
    }

    @Test
    void deletesWhenTheMapHasBeenTurnedWithoutWaitingForTheClock() throws Exception {
        remover.onCheckpointStored(3);
        settle(1);
        assertThat(remover.deleted()).isZero();

        await(() -> remover.doWork(2, 3) == 0 && remover.deleted() == 1);
        assertThat(store.list(Keys.object(VOLUME, EPOCH, 1)).get()).isEmpty();
        assertThat(store.list(Keys.object(VOLUME, EPOCH, 2)).get()).hasSize(1);
    }

    @Test
    void deletesNothingBeforeTheHostHasNotedTheCheckpoint() {
        remover.onCheckpointStored(3);
        settle(2, 2);
        assertThat(remover.deleted()).isZero();
        assertThat(remover.awaitedNote()).isEqualTo(3);

        await(() -> remover.doWork(2, 3) == 0 && remover.deleted() == 1);
        assertThat(remover.awaitedNote()).isNegative();
    }

    @Test
    void keepsWhatAPinNeedsThatHasBeenSetMeanwhile() throws Exception {
        remover.onCheckpointStored(3);
        settle(1);
        store.putIfAbsent(Keys.pin(VOLUME, 1, 1), MemorySegment.ofArray(new byte[1]))
                .get();
        settle(2);
        assertThat(remover.deleted()).isZero();
    }

    @Test
    void listsClonesOnceTheSnapshotsAreKnown() throws Exception {
        // A clone that has found its snapshot put its mark before; and then the snapshot goes.
        store.putIfAbsent(Keys.pin(VOLUME, 1, 1), MemorySegment.ofArray(new byte[1]))
                .get();
        final SlowListings slow = new SlowListings(store);
        final ObjectRemover another = new ObjectRemover(slow, VOLUME, stored, () -> 0);
        another.onCheckpointStored(3);
        another.doWork(2, 3);
        store.putIfAbsent(Keys.child(VOLUME, 1, new UUID(5, 6)), MemorySegment.ofArray(new byte[1]))
                .get();
        store.putIfAbsent(Keys.pinRemoved(VOLUME, 1), MemorySegment.ofArray(new byte[1]))
                .get();
        slow.answer(Keys.pins(VOLUME));
        await(() -> another.doWork(2, 3) == 0 && slow.isAsked(Keys.children(VOLUME)));
        slow.answer(Keys.children(VOLUME));
        await(() -> another.doWork(2, 3) == 0 && another.pins() != null);

        assertThat(another.deleted()).isZero();
        assertThat(another.pins().isNeeded(1, 2)).isTrue();
    }

    @Test
    void makesTheRemovalOfASnapshotDurableBeforeItCounts() throws Exception {
        final UnsyncedStore unsynced = new UnsyncedStore(store);
        store.putIfAbsent(Keys.pin(VOLUME, 1, 1), MemorySegment.ofArray(new byte[1]))
                .get();
        unsynced.neverAnswer(key -> true);
        unsynced.putIfAbsent(Keys.pinRemoved(VOLUME, 1), MemorySegment.ofArray(new byte[1]));
        final ObjectRemover another = new ObjectRemover(unsynced, VOLUME, stored, () -> 0);
        another.onCheckpointStored(3);
        await(() -> another.doWork(2, 3) == 0 && another.deleted() == 1);
        unsynced.losePower();
        assertThat(store.list(Keys.pinRemoved(VOLUME, 1)).get()).hasSize(1);
    }

    /** Carries listings out when they are asked for, but those of pins only when they are answered. */
    private static final class SlowListings extends ForwardingStore {
        private final Map<String, CompletableFuture<List<StoredObject>>> asked = new HashMap<>();
        private final Map<String, List<StoredObject>> found = new HashMap<>();

        SlowListings(final ObjectStore store) {
            super(store);
        }

        boolean isAsked(final String prefix) {
            return asked.containsKey(prefix);
        }

        void answer(final String prefix) throws Exception {
            asked.get(prefix)
                    .complete(
                            prefix.equals(Keys.pins(VOLUME))
                                    ? store().list(prefix).get()
                                    : found.get(prefix));
        }

        @Override
        public CompletableFuture<List<StoredObject>> list(final String prefix, final String after, final int limit) {
            found.put(prefix, store().list(prefix, after, limit).join());
            return asked.computeIfAbsent(prefix, one -> new CompletableFuture<>());
        }

        @Override
        public void close() {
            // The store is its owner's.
        }
    }

    /** Until it has nothing to do for long enough that an answer of the store would have come. */
    private void settle(final long relocatedThrough) {
        settle(relocatedThrough, 3);
    }

    private void settle(final long relocatedThrough, final long notedThrough) {
        final long endNs = System.nanoTime() + 100_000_000;
        while (System.nanoTime() < endNs) {
            remover.doWork(relocatedThrough, notedThrough);
            Thread.onSpinWait();
        }
    }

    private static void await(final BooleanSupplier condition) {
        final long deadline = System.nanoTime() + PATIENCE_NS;
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("patience").isLessThan(deadline);
            Thread.onSpinWait();
        }
    }
}

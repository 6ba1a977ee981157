package io.varve.lsvd;

import io.varve.lsvd.format.CloneRecord;
import io.varve.lsvd.format.Covered;
import io.varve.lsvd.format.EpochRecord;
import io.varve.lsvd.format.FormatException;
import io.varve.lsvd.format.NameRecord;
import io.varve.lsvd.format.ObjectHeader;
import io.varve.lsvd.format.ObjectType;
import io.varve.lsvd.history.History;
import io.varve.lsvd.history.HistoryException;
import io.varve.lsvd.history.HistoryReader;
import io.varve.lsvd.history.Sealer;
import io.varve.lsvd.runtime.EngineRuntime;
import io.varve.lsvd.snapshot.Snapshots;
import io.varve.lsvd.store.Keys;
import io.varve.lsvd.store.NoSuchObjectException;
import io.varve.lsvd.store.StoreClient;
import io.varve.lsvd.store.StoredObject;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.UUID;

/**
 * Deletes what a volume takes of its store, in an order in which it can be cut short at any point and begun again. For a thread
 * that may wait.
 */
final class VolumeRemover {
    private static final int SEAL_TRIES = 100;
    private static final String TOO_FAST = "the volume is being written faster than it can be sealed";

    private final StoreClient store;
    private final EngineRuntime runtime;
    private final UUID volume;

    VolumeRemover(final StoreClient store, final EngineRuntime runtime, final UUID volume) {
        this.store = store;
        this.runtime = runtime;
        this.volume = volume;
    }

    /**
     * Ends the volume's epoch, marks it as removed, and deletes all but seals and that mark. When that has been done, deletes what
     * its last writer had under way then and what came to be afterwards.
     *
     * @throws VolumeException when a clone has come meanwhile.
     */
    void deleteData(final RemovalListener listener) throws IOException, VolumeException {
        final List<StoredObject> epochs = store.list(Keys.epochs(volume));
        if (epochs.isEmpty()) {
            delete(doomed(), listener);
            return;
        }
        if (store.list(Keys.tombstone(volume)).isEmpty()) {
            sealNewest();
            store.putIfAbsent(Keys.tombstone(volume), new NameRecord(volume, false).encode());
        }
        // Again, behind the mark: a clone that comes from here on sees that.
        requireNoClones();
        delete(doomed(), listener);
        // Its ancestors' data is let go last, and epoch 0, which names them, after that.
        final EpochRecord.Origin origin = new HistoryReader(store, volume)
                .epoch(Keys.lastNumber(epochs.getFirst().key()))
                .origin();
        if (origin != null) {
            new Snapshots(store, origin.volume()).removeClone(origin, volume);
        }
        for (final StoredObject epoch : epochs.reversed()) {
            store.delete(epoch.key());
        }
    }

    /** Everything but epochs and the mark, which go last or stay, and seals, which are never deleted. */
    private List<StoredObject> doomed() throws IOException {
        final List<StoredObject> doomed = new ArrayList<>();
        for (final StoredObject object : store.list(Keys.logs(volume))) {
            if (object.length() != ObjectHeader.length(0, 0) || !isSeal(store, object.key())) {
                doomed.add(object);
            }
        }
        doomed.addAll(store.list(Keys.settings(volume)));
        doomed.addAll(store.list(Keys.pins(volume)));
        doomed.addAll(store.list(Keys.hotSets(volume)));
        return doomed;
    }

    /** Refuses when clones need the volume's data. */
    void requireNoClones() throws IOException, VolumeException {
        new UnfinishedClones(store, runtime).remove(volume);
        final List<String> clones = new Snapshots(store, volume)
                .clones().values().stream()
                        .flatMap(List::stream)
                        .map(CloneRecord::name)
                        .toList();
        if (!clones.isEmpty()) {
            throw new VolumeException("the volume has clones, which need its data: remove or flatten "
                    + String.join(", ", clones) + ", and then remove it again");
        }
    }

    private void delete(final List<StoredObject> doomed, final RemovalListener listener) throws IOException {
        final List<String> keys = doomed.stream().map(StoredObject::key).toList();
        final long[] bytes = new long[1];
        store.deleteAll(keys, index -> {
            bytes[0] += doomed.get(index).length();
            listener.onProgress(index + 1, doomed.size(), bytes[0]);
        });
    }

    private void sealNewest() throws IOException {
        final HistoryReader reader = new HistoryReader(store, volume);
        final History history;
        try {
            history = Sealer.end(store, reader, volume, reader.read(), runtime.randomUuid());
        } catch (final FormatException | HistoryException | NoSuchObjectException e) {
            // Nobody can open it for writing, but somebody may have it open.
            sealAhead(reader);
            return;
        }
        if (history == null) {
            throw new IOException(TOO_FAST);
        }
        history.close();
        if (history.sealedBy() == null) {
            throw new IOException("the volume was opened by " + history.newest().openedBy() + " at the same time");
        }
    }

    /**
     * Ends the newest epoch of a history that does not hang together: behind all of its objects, since within a hole a seal is in
     * the way of no writer. Whoever goes on has uploads for the next few places only, and meets it there.
     */
    private void sealAhead(final HistoryReader reader) throws IOException {
        final long epoch =
                Keys.lastNumber(store.list(Keys.epochs(volume)).getLast().key());
        for (int i = 0; i < SEAL_TRIES; i++) {
            final TreeSet<Long> present = reader.present(epoch);
            final long last = present.isEmpty() ? firstOf(reader, epoch) - 1 : present.last();
            if (!present.isEmpty() && isSeal(store, Keys.object(volume, epoch, last))) {
                return;
            }
            final MemorySegment seal = Sealer.encode(
                    volume,
                    epoch,
                    last + 1,
                    runtime.randomUuid(),
                    Covered.through(-1, false),
                    ObjectHeader.NO_CHECKPOINT);
            if (store.putIfAbsent(Keys.object(volume, epoch, last + 1), seal)) {
                return;
            }
        }
        throw new IOException(TOO_FAST);
    }

    /** Where an epoch begins that has no objects: behind the last one of the epoch before, should its own record be damaged. */
    private long firstOf(final HistoryReader reader, final long epoch) throws IOException {
        try {
            return reader.epoch(epoch).firstSequence();
        } catch (final FormatException | NoSuchObjectException e) {
            final TreeSet<Long> before = epoch == 0 ? new TreeSet<>() : reader.present(epoch - 1);
            return before.isEmpty() ? 0 : before.last() + 1;
        }
    }

    /** Whether an object is there and a seal. */
    static boolean isSeal(final StoreClient store, final String key) throws IOException {
        try (Arena arena = Arena.ofShared()) {
            final MemorySegment bytes = arena.allocate(ObjectHeader.length(0, 0), Long.BYTES);
            store.get(key, 0, bytes);
            return new ObjectHeader(bytes).type() == ObjectType.SEAL;
        } catch (final NoSuchObjectException e) {
            return false;
        }
    }
}

package io.varve.lsvd;

import io.varve.lsvd.format.CloneRecord;
import io.varve.lsvd.format.EpochRecord;
import io.varve.lsvd.format.FormatException;
import io.varve.lsvd.format.NameRecord;
import io.varve.lsvd.format.ObjectHeader;
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
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * Deletes what a volume takes of its store, in an order in which it can be cut short at any point and begun again. For a thread
 * that may wait.
 */
final class VolumeRemover {
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
        }
        // Also where it is seen: whoever put it may have died before it was durable.
        store.putIfAbsent(Keys.tombstone(volume), NameRecord.release(volume).encode());
        // Again, behind the mark: a clone that comes from here on sees that.
        requireNoClones();
        delete(doomed(), listener);
        // Its ancestors' data is let go last, and epoch 0, which names them, after that.
        final EpochRecord.Origin origin = originOf(epochs.getFirst());
        if (origin != null) {
            new Snapshots(store, origin.volume()).removeClone(origin, volume);
        }
        for (final StoredObject epoch : epochs.reversed()) {
            store.delete(epoch.key());
        }
    }

    /** Null also when the epoch is gone: then another removal has come as far. */
    private EpochRecord.Origin originOf(final StoredObject epoch) throws IOException {
        try {
            return new HistoryReader(store, volume)
                    .epoch(Keys.lastNumber(epoch.key()))
                    .origin();
        } catch (final NoSuchObjectException e) {
            return null;
        }
    }

    /** Everything but epochs and the mark, which go last or stay, and seals, which are never deleted. */
    private List<StoredObject> doomed() throws IOException {
        final List<StoredObject> doomed = new ArrayList<>();
        for (final StoredObject object : store.list(Keys.logs(volume))) {
            if (object.length() != ObjectHeader.Shape.EMPTY.headerLength() || !Sealer.isSeal(store, object.key())) {
                doomed.add(object);
            }
        }
        doomed.addAll(store.list(Keys.settings(volume)));
        doomed.addAll(store.list(Keys.metadata(volume)));
        doomed.addAll(store.list(Keys.dataKeys(volume)));
        doomed.addAll(store.list(Keys.pins(volume)));
        doomed.addAll(store.list(Keys.hotSets(volume)));
        return doomed;
    }

    /** Refuses when clones need the volume's data. */
    void requireNoClones() throws IOException, VolumeException {
        new UnfinishedClones(store, runtime).remove(volume);
        final VolumeNames names = new VolumeNames(new CatalogContext(store, runtime));
        final List<String> clones = new ArrayList<>();
        for (final List<CloneRecord> ofSnapshot :
                new Snapshots(store, volume).clones().values()) {
            for (final CloneRecord clone : ofSnapshot) {
                final String name = names.nameOf(clone.volume());
                clones.add(name == null ? clone.name() : name);
            }
        }
        if (!clones.isEmpty()) {
            throw new VolumeException(
                    VolumeException.Kind.HAS_CHILDREN,
                    "the volume has clones, which need its data: remove or flatten " + String.join(", ", clones)
                            + ", and then remove it again");
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
            if (!Sealer.endBehindAll(store, reader, volume, runtime.randomUuid())) {
                throw new IOException(TOO_FAST);
            }
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
}

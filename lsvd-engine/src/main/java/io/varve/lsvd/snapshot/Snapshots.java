package io.varve.lsvd.snapshot;

import io.varve.lsvd.format.CloneRecord;
import io.varve.lsvd.format.EpochRecord;
import io.varve.lsvd.format.NameRecord;
import io.varve.lsvd.format.SnapshotRecord;
import io.varve.lsvd.history.HistoryReader;
import io.varve.lsvd.store.Keys;
import io.varve.lsvd.store.NoSuchObjectException;
import io.varve.lsvd.store.StoreClient;
import io.varve.lsvd.store.StoredObject;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.UnaryOperator;

/**
 * The snapshots of a volume, and its clones. For a thread that may wait.
 *
 * <p>A snapshot is removed by a mark that stays for ever, since the name of its pin, a checkpoint's sequence, never comes again.
 * Whoever deletes objects lists pins and children after the checkpoint that recorded them as dead. A clone puts its mark and then
 * looks again whether the snapshot is there.
 */
public final class Snapshots {
    private static final int CHANGE_TRIES = 20;
    private static final int MAX_READS = 16;

    private final StoreClient store;
    private final UUID volume;

    /** What has been read, by key: no record is ever changed. */
    private final Map<String, SnapshotRecord> records = new HashMap<>();

    /** The snapshots of a volume. */
    public Snapshots(final StoreClient store, final UUID volume) {
        this.store = store;
        this.volume = volume;
    }

    /** All snapshots, oldest first. */
    public List<Snapshot> list() throws IOException {
        final TreeMap<Long, Long> newest = new TreeMap<>();
        final Set<Long> removed = new HashSet<>();
        for (final StoredObject pin : store.list(Keys.pins(volume))) {
            final long checkpoint = Keys.pinned(pin.key());
            if (Keys.isPinRemoved(pin.key())) {
                removed.add(checkpoint);
            } else {
                newest.merge(checkpoint, Keys.lastNumber(pin.key()), Math::max);
            }
        }
        newest.keySet().removeAll(removed);
        final List<String> keys = new ArrayList<>();
        newest.forEach((checkpoint, version) -> keys.add(Keys.pin(volume, checkpoint, version)));
        readRecords(keys);
        final List<Snapshot> snapshots = new ArrayList<>();
        newest.forEach((checkpoint, version) -> snapshots.add(
                new Snapshot(volume, checkpoint, version, records.get(Keys.pin(volume, checkpoint, version)))));
        return snapshots;
    }

    private void readRecords(final List<String> keys) throws IOException {
        records.keySet().retainAll(new HashSet<>(keys));
        final ArrayDeque<StoreClient.Reading> underWay = new ArrayDeque<>();
        final ArrayDeque<String> wanted = new ArrayDeque<>(keys);
        wanted.removeIf(records::containsKey);
        while (!wanted.isEmpty() || !underWay.isEmpty()) {
            while (!wanted.isEmpty() && underWay.size() < MAX_READS) {
                underWay.add(store.begin(wanted.remove(), SnapshotRecord.MAX_LENGTH));
            }
            final StoreClient.Reading reading = underWay.remove();
            records.put(reading.key(), SnapshotRecord.decode(reading.key(), store.await(reading)));
        }
    }

    /** A snapshot by its name, or null; the newest, should several have it. */
    public Snapshot find(final String name) throws IOException {
        Snapshot found = null;
        for (final Snapshot snapshot : list()) {
            if (snapshot.name().equals(name)) {
                found = snapshot;
            }
        }
        return found;
    }

    /** Changes what is known of a snapshot; false when it has been removed meanwhile. */
    public boolean change(final Snapshot snapshot, final UnaryOperator<SnapshotRecord> change) throws IOException {
        Snapshot last = snapshot;
        for (int i = 0; i < CHANGE_TRIES && last != null; i++) {
            final SnapshotRecord next = change.apply(last.record());
            final String key = Keys.pin(volume, last.checkpoint(), last.version() + 1);
            if (store.putIfAbsent(key, next.encode())) {
                return true;
            }
            last = again(snapshot);
        }
        return false;
    }

    /** Removes a snapshot: what only it needs is deleted by whoever has the volume open next. */
    public void remove(final Snapshot snapshot) throws IOException {
        store.putIfAbsent(Keys.pinRemoved(volume, snapshot.checkpoint()), mark(volume));
    }

    /** Makes it durable that the snapshots which are gone have been removed, before anything goes that they needed. */
    public void confirmRemovals() throws IOException {
        for (final StoredObject pin : store.list(Keys.pins(volume))) {
            if (Keys.isPinRemoved(pin.key())) {
                store.confirm(Keys.pins(volume, Keys.pinned(pin.key())));
            }
        }
    }

    /** All clones by the checkpoint that they need, clones of clones included. */
    public Map<Long, List<CloneRecord>> clones() throws IOException {
        final Map<Long, List<CloneRecord>> clones = new TreeMap<>();
        for (final StoredObject mark : store.list(Keys.children(volume))) {
            try {
                clones.computeIfAbsent(Keys.pinned(mark.key()), checkpoint -> new ArrayList<>())
                        .add(CloneRecord.decode(mark.key(), store.getWhole(mark.key(), CloneRecord.MAX_LENGTH)));
            } catch (final NoSuchObjectException e) {
                // Removed meanwhile.
                continue;
            }
        }
        clones.values().removeIf(List::isEmpty);
        return clones;
    }

    /** Whether there are clones, or are about to be. */
    public boolean hasClones() throws IOException {
        return !store.list(Keys.children(volume)).isEmpty();
    }

    /**
     * Has all ancestors keep what a clone of a snapshot needs.
     *
     * @return false when the snapshot is gone: then no mark is left.
     */
    public boolean addClone(final Snapshot snapshot, final CloneRecord clone) throws IOException {
        final MemorySegment mark = clone.encode();
        for (final EpochRecord.Origin ancestor : ancestors(clone.origin())) {
            store.putIfAbsent(Keys.child(ancestor.volume(), ancestor.sequence(), clone.volume()), mark);
        }
        if (again(snapshot) != null && store.list(Keys.tombstone(volume)).isEmpty()) {
            return true;
        }
        removeClone(clone.origin(), clone.volume());
        return false;
    }

    /** A clone needs nothing of its ancestors any more. */
    public void removeClone(final EpochRecord.Origin origin, final UUID clone) throws IOException {
        for (final EpochRecord.Origin ancestor : ancestors(origin)) {
            store.delete(Keys.child(ancestor.volume(), ancestor.sequence(), clone));
        }
    }

    private List<EpochRecord.Origin> ancestors(final EpochRecord.Origin origin) throws IOException {
        final List<EpochRecord.Origin> ancestors = new ArrayList<>();
        EpochRecord.Origin next = origin;
        while (next != null) {
            ancestors.add(next);
            next = originOf(next.volume());
        }
        return ancestors;
    }

    /** An ancestor may be gone, once nothing needs it any more. */
    private EpochRecord.Origin originOf(final UUID ancestor) throws IOException {
        try {
            return new HistoryReader(store, ancestor).epoch(0).origin();
        } catch (final NoSuchObjectException e) {
            return null;
        }
    }

    private Snapshot again(final Snapshot snapshot) throws IOException {
        for (final Snapshot other : list()) {
            if (other.checkpoint() == snapshot.checkpoint()) {
                return other;
            }
        }
        return null;
    }

    private static MemorySegment mark(final UUID volume) {
        return NameRecord.release(volume).encode();
    }
}

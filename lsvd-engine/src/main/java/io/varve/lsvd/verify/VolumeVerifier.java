package io.varve.lsvd.verify;

import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.format.EpochRecord;
import io.varve.lsvd.format.FormatException;
import io.varve.lsvd.format.ObjectHeader;
import io.varve.lsvd.format.Superblock;
import io.varve.lsvd.history.History;
import io.varve.lsvd.history.HistoryException;
import io.varve.lsvd.history.HistoryReader;
import io.varve.lsvd.history.SettingsHistory;
import io.varve.lsvd.map.ExtentMap;
import io.varve.lsvd.map.Location;
import io.varve.lsvd.rescue.StoreLoss;
import io.varve.lsvd.runtime.EngineRuntime;
import io.varve.lsvd.scan.Cancellation;
import io.varve.lsvd.scan.LiveObjects;
import io.varve.lsvd.scan.ObjectName;
import io.varve.lsvd.scan.ObjectScan;
import io.varve.lsvd.scan.Pace;
import io.varve.lsvd.snapshot.Snapshot;
import io.varve.lsvd.snapshot.Snapshots;
import io.varve.lsvd.store.Keys;
import io.varve.lsvd.store.NoSuchObjectException;
import io.varve.lsvd.store.StoreClient;
import io.varve.lsvd.store.StoreException;
import io.varve.lsvd.store.StoredObject;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;

/**
 * Reads every object that a volume and its snapshots need, and checks every checksum and reference. Reads {@value #READS} objects at a time, with
 * {@value #READ_BYTES} bytes of memory for each; beside these only the volume's extent map is kept. For one thread that may wait.
 *
 * <p>A writer may go on meanwhile. An object that is gone is damage only if a history that is read afterwards still needs it:
 * a writer deletes what its newest checkpoint does not name any more, and nothing that was dead comes to life again. What such
 * a history needs that the one before did not is checked too.
 */
public final class VolumeVerifier {
    private static final int READS = 4;

    /** Enough for the usual object with its header. */
    private static final int READ_BYTES = 9 << 20;

    private static final int HISTORY_TRIES = 4;
    private static final int MAX_ROUNDS = 20;

    private final StoreClient store;
    private final UUID volume;
    private final List<Superblock> logs;
    private final Cancellation cancellation;
    private final Listener listener;
    private final Pace pace;
    private final Set<ObjectName> checked = new HashSet<>();
    private final TreeMap<Long, Failed> failed = new TreeMap<>();
    private LiveObjects live;
    private String snapshot;
    private long records;
    private long bytes;
    private long findings;

    /** Is told of what is found as soon as it is, on the verifier's thread. */
    public interface Listener {
        /** Something is damaged. */
        void onFinding(Finding finding);

        /**
         * Another object has been checked.
         *
         * @param objects checked so far.
         * @param total   objects to check, as far as that is known.
         * @param bytes   read so far.
         */
        default void onProgress(final long objects, final long total, final long bytes) {}
    }

    /** An object that could not be checked. */
    private record Failed(ObjectName name, IOException reason) {}

    /**
     * Makes a verifier.
     *
     * @param logs           superblocks of the volume's logs on this host, read before: what they know to have been stored has to be
     *                       there.
     * @param bytesPerSecond how much to read in a second at most; 0 for no bound.
     */
    public VolumeVerifier(
            final StoreClient store,
            final EngineRuntime runtime,
            final UUID volume,
            final List<Superblock> logs,
            final long bytesPerSecond,
            final Cancellation cancellation,
            final Listener listener) {
        this.store = store;
        this.volume = volume;
        this.logs = List.copyOf(logs);
        this.cancellation = cancellation;
        this.listener = listener;
        pace = new Pace(runtime, bytesPerSecond);
    }

    /**
     * Checks the volume. To be called once.
     *
     * @throws IOException when the store can't be read, or goes on faster than it can be checked.
     * @throws java.util.concurrent.CancellationException when it was broken off.
     */
    public Verification verify() throws IOException {
        checkRecords();
        final History history;
        try {
            history = readHistory();
        } catch (final FormatException | HistoryException | NoSuchObjectException e) {
            checkWithoutHistory(e);
            return verification();
        }
        checkLogs(history);
        check(history, this::readHistory);
        checkSnapshots();
        return verification();
    }

    private void checkLogs(final History history) throws IOException {
        for (final Superblock log : logs) {
            final StoreLoss loss = StoreLoss.find(new HistoryReader(store, volume), log, history);
            if (loss != null) {
                tell(Finding.of(
                        Keys.volume(volume), "does not hold what this host has seen it hold: " + loss, whole()));
            }
        }
    }

    private Ranges whole() throws StoreException {
        final Ranges whole = new Ranges();
        whole.add(0, Blocks.count(sizeBytes()));
        return whole;
    }

    private Verification verification() {
        return new Verification(records + checked.size(), bytes, findings);
    }

    /** A state of the volume that is checked. */
    @FunctionalInterface
    private interface State {
        /** Reads it again; null when it is not there any more. */
        History read() throws IOException;
    }

    /** Round by round, since whoever has the volume open may go on. */
    private void check(final History first, final State state) throws IOException {
        History history = first;
        try {
            List<ObjectName> round = neededBy(history);
            round.removeAll(checked);
            for (int rounds = 1; !round.isEmpty(); rounds++) {
                if (rounds > MAX_ROUNDS) {
                    throw new StoreException("the volume is changed faster than it can be verified");
                }
                check(round, history);
                if (failed.isEmpty()) {
                    return;
                }
                final History newer = state.read();
                if (newer == null) {
                    failed.clear();
                    return;
                }
                history.close();
                history = newer;
                round = neededBy(history);
                tellFailed(Set.copyOf(round), history.map());
                round.removeAll(checked);
            }
        } finally {
            history.close();
        }
    }

    /** What snapshots need that the volume does not need any more. */
    private void checkSnapshots() throws IOException {
        for (final Snapshot one : snapshots()) {
            snapshot = one.name();
            cancellation.check();
            try {
                final History history = readSnapshot(one);
                if (history != null) {
                    check(history, () -> readSnapshot(one));
                }
            } catch (final FormatException | HistoryException | NoSuchObjectException e) {
                final Ranges whole = new Ranges();
                whole.add(0, Blocks.count(one.record().sizeBytes()));
                tell(Finding.of(
                        new ObjectName(volume, one.record().epoch(), one.checkpoint()).key(),
                        "cannot be read as a snapshot: " + e.getMessage(),
                        whole));
            }
            records++;
        }
        snapshot = null;
    }

    private List<Snapshot> snapshots() throws IOException {
        try {
            return new Snapshots(store, volume).list();
        } catch (final FormatException e) {
            tell(Finding.of(
                    Keys.pins(volume), e.getMessage() + ", so that no snapshot has been checked", new Ranges()));
            return List.of();
        }
    }

    /** Reads a snapshot; null when it has been removed. */
    private History readSnapshot(final Snapshot one) throws IOException {
        final String removed = Keys.pinRemoved(volume, one.checkpoint());
        try {
            return store.list(removed).isEmpty()
                    ? new HistoryReader(store, volume).readSnapshot(one.record().epoch(), one.checkpoint())
                    : null;
        } catch (final NoSuchObjectException e) {
            if (store.list(removed).isEmpty()) {
                throw e;
            }
            return null;
        }
    }

    /** Reads the history; one that changes while it is read is read again. */
    private History readHistory() throws IOException {
        for (int tries = 1; ; tries++) {
            cancellation.check();
            try {
                return new HistoryReader(store, volume).read();
            } catch (final HistoryException | NoSuchObjectException e) {
                if (tries == HISTORY_TRIES) {
                    throw e;
                }
            }
        }
    }

    /** Names what a history needs: what its map names, and what it was read from. */
    private List<ObjectName> neededBy(final History history) {
        live = LiveObjects.of(history.map());
        final TreeMap<Long, ObjectName> needed = new TreeMap<>();
        for (final long sequence : live.sequences()) {
            needed.put(sequence, ObjectName.of(history.epochs(), sequence));
        }
        for (final long sequence : history.checkpoints().sequences()) {
            needed.put(sequence, ObjectName.of(history.epochs(), sequence));
        }
        final long end = history.nextSequence() + (history.sealedBy() == null ? 0 : 1);
        for (long sequence = history.checkpoints().newest() + 1; sequence < end; sequence++) {
            final ObjectName name = ObjectName.of(history.epochs(), sequence);
            if (name.volume().equals(volume)) {
                needed.put(sequence, name);
            }
        }
        return new ArrayList<>(needed.values());
    }

    /** @param history that needs the objects; null when it is not known. */
    private void check(final Collection<ObjectName> names, final History history) throws IOException {
        final ObjectCheck check = new ObjectCheck(store, pace, history, this::tell);
        final long bytesBefore = bytes;
        final long total = checked.size() + names.size();
        try (ObjectScan scan = new ObjectScan(store, pace, cancellation, READ_BYTES, READS)) {
            scan.scan(names.iterator(), new ObjectScan.Visitor() {
                private long bytesHere;

                @Override
                public void onObject(final ObjectName name, final ObjectHeader header, final MemorySegment read)
                        throws IOException {
                    try {
                        check.check(name, header, read, history == null ? 0 : live.blocksIn(name.sequence()));
                    } catch (final NoSuchObjectException e) {
                        onFailure(name, e);
                        return;
                    }
                    bytesHere += read.byteSize();
                    onDone(name);
                }

                @Override
                public void onFailure(final ObjectName name, final IOException reason) throws IOException {
                    requireStore(reason);
                    failed.put(name.sequence(), new Failed(name, reason));
                    onDone(name);
                }

                private void onDone(final ObjectName name) {
                    checked.add(name);
                    bytes = bytesBefore + bytesHere + check.bytesRead();
                    listener.onProgress(checked.size(), total, bytes);
                }
            });
        }
    }

    /** An object that can't be read is damaged if others can: if not, the store is away. */
    private void requireStore(final IOException reason) throws IOException {
        if (reason instanceof StoreException && !(reason instanceof NoSuchObjectException)) {
            store.list(Keys.epochs(volume));
        }
    }

    /** Tells of objects that could not be checked, if they are needed still. */
    private void tellFailed(final Set<ObjectName> needed, final ExtentMap map) {
        final Map<Long, Ranges> affected = new TreeMap<>();
        failed.values().removeIf(one -> !needed.contains(one.name));
        failed.keySet().forEach(sequence -> affected.put(sequence, new Ranges()));
        long block = 0;
        while (map.find(block)) {
            block = map.foundBlock() + map.foundLength();
            final Ranges ranges = affected.get(Location.sequence(map.foundLocation()));
            if (ranges != null) {
                ranges.add(map.foundBlock(), map.foundLength());
            }
        }
        failed.forEach((sequence, one) -> tellFailed(one, affected.get(sequence)));
        failed.clear();
    }

    private void tellFailed(final Failed one, final Ranges affected) {
        final String message = switch (one.reason) {
            case NoSuchObjectException missing -> "is missing";
            case FormatException damaged -> damaged.getMessage();
            default -> "cannot be read: " + one.reason.getMessage();
        };
        tell(Finding.of(one.name.key(), message, affected));
    }

    private void tell(final Finding finding) {
        findings++;
        listener.onFinding(finding.of(snapshot));
    }

    private void checkRecords() throws IOException {
        EpochRecord newest = null;
        for (final StoredObject object : store.list(Keys.epochs(volume))) {
            try {
                final EpochRecord record =
                        EpochRecord.decode(object.key(), store.getWhole(object.key(), EpochRecord.MAX_LENGTH));
                if (record.epoch() != Keys.lastNumber(object.key())) {
                    throw new FormatException(object.key() + " is damaged: it is of epoch " + record.epoch());
                }
                newest = record;
            } catch (final FormatException e) {
                tell(Finding.of(object.key(), e.getMessage(), new Ranges()));
            }
            records++;
            bytes += object.length();
        }
        try {
            if (newest != null) {
                new SettingsHistory(store, volume).newest(newest.settings());
            }
        } catch (final FormatException e) {
            tell(Finding.of(Keys.settings(volume), e.getMessage(), new Ranges()));
        }
    }

    /** Nobody can open the volume. Tells which objects are damaged, of all that there are. */
    private void checkWithoutHistory(final IOException reason) throws IOException {
        tell(Finding.of(Keys.volume(volume), "cannot be read as a volume: " + reason.getMessage(), whole()));
        final List<ObjectName> all = new ArrayList<>();
        for (final StoredObject object : store.list(Keys.logs(volume))) {
            all.add(ObjectName.parse(volume, object.key()));
        }
        check(all, null);
        failed.values().forEach(one -> tellFailed(one, new Ranges()));
    }

    /** Size of the volume, or 0 when that is not known either. */
    private long sizeBytes() throws StoreException {
        try {
            return new SettingsHistory(store, volume)
                    .newest(new HistoryReader(store, volume).newestEpoch().settings())
                    .sizeBytes();
        } catch (final StoreException e) {
            throw e;
        } catch (final IOException e) {
            return 0;
        }
    }
}

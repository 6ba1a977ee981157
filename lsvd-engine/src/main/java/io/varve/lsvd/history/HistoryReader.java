package io.varve.lsvd.history;

import io.varve.lsvd.format.Covered;
import io.varve.lsvd.format.EpochRecord;
import io.varve.lsvd.format.ExtentEntry;
import io.varve.lsvd.format.FormatException;
import io.varve.lsvd.format.ObjectHeader;
import io.varve.lsvd.format.ObjectType;
import io.varve.lsvd.format.SnapshotRecord;
import io.varve.lsvd.history.CheckpointReader.Loaded;
import io.varve.lsvd.map.ExtentMap;
import io.varve.lsvd.map.Location;
import io.varve.lsvd.store.Keys;
import io.varve.lsvd.store.NoSuchObjectException;
import io.varve.lsvd.store.StoreClient;
import io.varve.lsvd.store.StoreException;
import io.varve.lsvd.store.StoredObject;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;

/** Reads a volume's history from the store: newest checkpoint, then the objects behind it, in sequence. */
public final class HistoryReader {
    /** How far behind the first object that is missing a writer may have put others: its uploads in flight, and its seal. */
    public static final int MAX_AHEAD = 4;

    private static final System.Logger LOG = System.getLogger(HistoryReader.class.getName());
    private static final int READ_TRIES = 100;

    private final StoreClient store;
    private final UUID volume;
    private final HeaderReader headers;
    private final boolean isLossAccepted;

    /** Makes a reader for one volume. */
    public HistoryReader(final StoreClient store, final UUID volume) {
        this(store, volume, false);
    }

    /**
     * As {@link #HistoryReader(StoreClient, UUID)}.
     *
     * @param isLossAccepted the operator's statement that a history may end where objects are missing that were there.
     */
    public HistoryReader(final StoreClient store, final UUID volume, final boolean isLossAccepted) {
        this.isLossAccepted = isLossAccepted;
        this.store = store;
        this.volume = volume;
        this.headers = new HeaderReader(store);
    }

    /** The record of an epoch. */
    public EpochRecord epoch(final long epoch) throws IOException {
        final String key = Keys.epoch(volume, epoch);
        final EpochRecord record = EpochRecord.decode(key, store.getWhole(key, EpochRecord.MAX_LENGTH));
        if (record.epoch() != epoch || record.firstSequence() < 0 || record.firstSequence() > Location.MAX_SEQUENCE) {
            throw new FormatException(key + " is damaged: it says that epoch " + record.epoch() + " begins at sequence "
                    + record.firstSequence());
        }
        return record;
    }

    /** The record of an epoch, or null when there is none. */
    EpochRecord epochIfPresent(final long epoch) throws IOException {
        try {
            return epoch(epoch);
        } catch (final NoSuchObjectException e) {
            return null;
        }
    }

    /** The nonce of whoever sealed an epoch that has a successor. */
    public UUID sealedBy(final long epoch) throws IOException {
        return headers.read(volume, epoch, epoch(epoch + 1).firstSequence() - 1).nonce();
    }

    /** How far the objects of an epoch that has a successor reach, as its seal says, or else only up to which record. */
    public Covered coveredBy(final long epoch) throws IOException {
        final EpochRecord next = epoch(epoch + 1);
        final Covered plain = Covered.through(next.lastRecord(), next.settings().writeCache());
        final ObjectHeader seal = headers.readIfPresent(volume, epoch, next.firstSequence() - 1);
        if (seal == null || seal.lastRecord() != next.lastRecord()) {
            return plain;
        }
        return seal.covered(plain.isWriteCache());
    }

    /** Sequences of the objects of an epoch that the store lists. */
    public TreeSet<Long> present(final long epoch) throws IOException {
        final TreeSet<Long> present = new TreeSet<>();
        for (final StoredObject object : store.list(Keys.log(volume, epoch))) {
            present.add(Keys.lastNumber(object.key()));
        }
        return present;
    }

    /** The record of the newest epoch. */
    public EpochRecord newestEpoch() throws IOException {
        final List<StoredObject> records = store.list(Keys.epochs(volume));
        if (records.isEmpty()) {
            throw new HistoryException("volume " + volume + " has no epoch in the store: it was not created whole");
        }
        return epoch(Keys.lastNumber(records.getLast().key()));
    }

    /**
     * Reads the history up to now. A writer that goes on meanwhile may delete what a newer checkpoint of its own has made needless:
     * then this begins again.
     *
     * @throws HistoryException when it does not hang together.
     * @throws FormatException  when an object is damaged or of an unknown version.
     */
    public History read() throws IOException {
        Set<Long> presentBefore = Set.of();
        for (int i = 0; ; i++) {
            headers.forget();
            final EpochRecord newest = newestEpoch();
            final TreeSet<Long> present = present(newest.epoch());
            final long checkpoint = newestCheckpoint(newest, present);
            try {
                return read(checkpoint, checkpoint, newest, present);
            } catch (final NoSuchObjectException e) {
                if (i == READ_TRIES || i > 0 && present.equals(presentBefore)) {
                    return readFromOlder(checkpoint, newest, present, e);
                }
            } catch (final HistoryException e) {
                if (i == READ_TRIES || i > 0 && present.equals(presentBefore)) {
                    throw e;
                }
            }
            presentBefore = present;
        }
    }

    /** Reads the history from an older checkpoint, since a newer one, or what that builds on, is gone: if that is accepted. */
    private History readFromOlder(
            final long checkpoint,
            final EpochRecord newest,
            final TreeSet<Long> present,
            final NoSuchObjectException cause)
            throws IOException {
        long lost = checkpoint;
        NoSuchObjectException missing = cause;
        while (lost != ObjectHeader.NO_CHECKPOINT
                && (newest.origin() == null || lost > newest.origin().sequence())) {
            accept("checkpoint " + lost + ", or what it builds on, is missing from the store: " + missing.getMessage());
            lost = checkpointBefore(lost, newest);
            try {
                return read(lost, checkpoint, newest, present);
            } catch (final NoSuchObjectException e) {
                missing = e;
            }
        }
        throw missing;
    }

    /** The newest checkpoint that the last object before another one knows of, or is. */
    private long checkpointBefore(final long checkpoint, final EpochRecord newest) throws IOException {
        final EpochRecord epoch = epochRecordOf(checkpoint, newest);
        final Long before = present(epoch.epoch()).lower(checkpoint);
        if (before == null) {
            return epoch.checkpoint();
        }
        final ObjectHeader header = headers.read(volume, epoch.epoch(), before);
        return header.type() == ObjectType.CHECKPOINT ? before : Math.max(epoch.checkpoint(), header.checkpoint());
    }

    /** Ends here, unless the operator has said that data may be lost. */
    private void accept(final String loss) throws HistoryException {
        if (!isLossAccepted) {
            throw new HistoryException(loss);
        }
        LOG.log(Level.WARNING, "volume {0}: {1}; going on without that, as asked", volume, loss);
    }

    /** @param known the newest checkpoint there was: another one than is read from where that is lost. */
    private History read(final long checkpoint, final long known, final EpochRecord newest, final TreeSet<Long> present)
            throws IOException {
        final ExtentMap map = new ExtentMap();
        final MapChanges changes = new MapChanges();
        try {
            return readFrom(checkpoint, known, newest, present, map, changes);
        } catch (final IOException | RuntimeException e) {
            map.close();
            changes.close();
            throw e;
        }
    }

    /**
     * Reads a snapshot: the volume as it stood at a checkpoint.
     *
     * @param epoch      of the checkpoint.
     * @param checkpoint its sequence.
     */
    public History readSnapshot(final long epoch, final long checkpoint) throws IOException {
        final ExtentMap map = new ExtentMap();
        try {
            headers.forget();
            final Loaded loaded = new CheckpointReader(store, headers).read(volume, epoch, checkpoint, map);
            return new History(
                    epoch(epoch),
                    loaded.epochs(),
                    map,
                    checkpoint + 1,
                    null,
                    loaded.newest().covered(true),
                    loaded.chain(),
                    new MapChanges(),
                    loaded.objects(),
                    loaded.snapshot());
        } catch (final IOException | RuntimeException e) {
            map.close();
            throw e;
        }
    }

    /**
     * Makes durable what a history was read from, as far as whoever began its newest epoch has not done that: the record of that epoch,
     * and its objects with their seal.
     */
    public void confirm(final History history) throws StoreException {
        store.confirm(Keys.epochs(volume));
        store.confirm(Keys.log(volume, history.newest().epoch()));
    }

    /**
     * Looks whether a seal that was put, or found, where a history ended ends it: it does unless the epoch has gone on behind it in
     * the meantime, with a checkpoint, or is not the newest any more. One that the epoch's owner has put always does.
     *
     * @return the nonce of whoever has sealed; null when the history has to be read again.
     */
    public UUID sealOf(final History history) throws IOException {
        return sealOf(history.newest().epoch(), history.nextSequence());
    }

    private UUID sealOf(final long epoch, final long sequence) throws IOException {
        headers.forget();
        if (newestEpoch().epoch() != epoch) {
            return null;
        }
        for (final StoredObject object : store.list(Keys.log(volume, epoch))) {
            final long other = Keys.lastNumber(object.key());
            if (other > sequence) {
                final ObjectHeader header = headers.readIfPresent(volume, epoch, other);
                if (header == null || header.type() == ObjectType.CHECKPOINT || header.checkpoint() >= sequence) {
                    return null;
                }
            }
        }
        final ObjectHeader seal = headers.readIfPresent(volume, epoch, sequence);
        return seal == null || seal.type() != ObjectType.SEAL ? null : seal.nonce();
    }

    /**
     * The newest checkpoint that the last object of the newest epoch knows of, or is. No object is made while a checkpoint is on
     * its way; and what a checkpoint covers was all in the store before it. So whatever is missing below has been deleted.
     */
    private long newestCheckpoint(final EpochRecord newest, final TreeSet<Long> present) throws IOException {
        if (present.isEmpty()) {
            return newest.checkpoint();
        }
        final ObjectHeader last = headers.read(volume, newest.epoch(), present.last());
        return last.type() == ObjectType.CHECKPOINT
                ? last.sequence()
                : Math.max(newest.checkpoint(), last.checkpoint());
    }

    private History readFrom(
            final long checkpoint,
            final long known,
            final EpochRecord newest,
            final TreeSet<Long> present,
            final ExtentMap map,
            final MapChanges changes)
            throws IOException {
        CheckpointChain chain = CheckpointChain.NONE;
        Epochs epochs = Epochs.NONE;
        ObjectTable objects = new ObjectTable();
        SnapshotRecord snapshot = null;
        Covered covered = Covered.through(newest.lastRecord(), newest.settings().writeCache());
        final EpochRecord.Origin origin = newest.origin();
        final boolean isOrigins = origin != null && checkpoint == origin.sequence();
        EpochRecord current;
        long sequence;
        if (isOrigins) {
            current = epoch(0);
            sequence = current.firstSequence();
            final Loaded loaded =
                    new CheckpointReader(store, headers).read(origin.volume(), origin.epoch(), checkpoint, map);
            epochs = loaded.epochs();
            chain = loaded.chain();
        } else if (checkpoint != ObjectHeader.NO_CHECKPOINT) {
            current = epochRecordOf(checkpoint, newest);
            sequence = checkpoint + 1;
            final Loaded loaded = new CheckpointReader(store, headers).read(volume, current.epoch(), checkpoint, map);
            epochs = loaded.epochs();
            chain = loaded.chain();
            covered = cover(covered, loaded.newest(), newest);
            objects = loaded.objects();
            objects.add(checkpoint, loaded.newest().objectLength(), 0, ObjectTable.CHECKPOINT);
            snapshot = loaded.snapshot();
        } else {
            current = epoch(0);
            sequence = 0;
            if (current.firstSequence() != sequence) {
                throw new HistoryException("volume " + volume + " begins at sequence " + current.firstSequence()
                        + ", and no checkpoint says what was before");
            }
        }
        if (isOrigins || checkpoint == ObjectHeader.NO_CHECKPOINT) {
            epochs = follow(epochs, current);
        }
        while (true) {
            final boolean isNewest = current.epoch() == newest.epoch();
            readAhead(current.epoch(), sequence, isNewest ? present : null);
            final ObjectHeader header = headers.readIfPresent(volume, current.epoch(), sequence);
            if (header == null && isNewest && present.contains(sequence)) {
                throw new HistoryException(
                        Keys.object(volume, current.epoch(), sequence) + " has gone while it was wanted");
            }
            if (sequence <= known && header == null && isNewest) {
                sequence = passHole(current, sequence, known);
                changes.onUnknown();
                continue;
            }
            if (sequence <= known && header != null && header.type() == ObjectType.CHECKPOINT) {
                // One that can't be read, or the history would be read from here.
                objects.add(sequence, header.objectLength(), 0, ObjectTable.CHECKPOINT);
                changes.onUnknown();
                sequence++;
                continue;
            }
            if (header == null || header.type() == ObjectType.SEAL) {
                if (isNewest) {
                    if (header == null) {
                        checkHole(newest, sequence, present);
                    } else if (!isSealOf(newest, header)) {
                        throw new HistoryException("volume " + volume + ": the seal at " + sequence
                                + " stands where an object was deleted");
                    }
                    return new History(
                            newest,
                            epochs,
                            map,
                            sequence,
                            header == null ? null : header.nonce(),
                            covered,
                            chain,
                            changes,
                            objects,
                            snapshot);
                }
                final EpochRecord next = epoch(current.epoch() + 1);
                if (header == null && sequence < next.firstSequence()) {
                    sequence = passHole(current, sequence, next.firstSequence() - 1);
                    changes.onUnknown();
                    continue;
                }
                checkEnd(current, header == null ? sequence - 1 : sequence, next);
                current = next;
                epochs = follow(epochs, current);
                sequence = current.firstSequence();
                headers.forget();
                continue;
            }
            if (header.type() == ObjectType.DATA) {
                apply(header, map, changes);
                objects.add(sequence, header.objectLength(), header.blockCount(), header.generation());
                covered = cover(covered, header, newest);
            } else {
                // What is deleted depends on the newest checkpoint, and so does what a seal has to say.
                throw new HistoryException("volume " + volume + ": checkpoint " + sequence + " has come meanwhile");
            }
            sequence++;
        }
    }

    /** Whether a seal that stands at the end of what was read ends the newest epoch; another's may stand in place of a deleted object. */
    boolean isSealOf(final EpochRecord newest, final ObjectHeader seal) throws IOException {
        return seal.nonce().equals(newest.nonce()) || seal.nonce().equals(sealOf(newest.epoch(), seal.sequence()));
    }

    /** Objects are put a few at a time: one that stands further behind the first missing one proves that this was there. */
    private void checkHole(final EpochRecord newest, final long sequence, final TreeSet<Long> present)
            throws HistoryException {
        if (present.isEmpty() || present.last() <= sequence + MAX_AHEAD) {
            return;
        }
        final String hole = "objects are missing from the store: "
                + Missing.of(present, sequence, present.last()).describe(volume, newest.epoch())
                + ", while later ones are there";
        accept(hole);
    }

    private Epochs follow(final Epochs epochs, final EpochRecord record) throws HistoryException {
        final Epochs.Entry entry = new Epochs.Entry(volume, record.epoch(), record.firstSequence(), record.nonce());
        if (!epochs.canBeFollowedBy(entry)) {
            throw new HistoryException("volume " + volume + ": epoch " + record.epoch() + " begins at sequence "
                    + record.firstSequence() + ", where another one begins");
        }
        return epochs.with(entry);
    }

    /** The newest epoch's record knows of the write cache what the epochs before have brought about. */
    static Covered cover(final Covered before, final ObjectHeader header, final EpochRecord newest) {
        if (header.lastRecord() < before.lastRecord()) {
            return before;
        }
        final Covered covered = header.covered(before.isWriteCache());
        return header.epoch() == newest.epoch() ? covered : covered.withWriteCache(before.isWriteCache());
    }

    /** @param present which objects there are in the epoch; null when that is not known: then some may be asked for in vain. */
    private void readAhead(final long epoch, final long sequence, final Set<Long> present) {
        long next = sequence;
        while ((present == null || present.contains(next)) && headers.ahead(volume, epoch, next)) {
            next++;
        }
    }

    /**
     * Goes on behind objects of an epoch that are missing and were there, if that is accepted: what they held reads as it was before.
     *
     * @param last of those that were there for certain.
     * @return the next one that is there, or the one behind the last.
     */
    private long passHole(final EpochRecord epoch, final long sequence, final long last) throws IOException {
        final TreeSet<Long> present = present(epoch.epoch());
        final Long there = present.ceiling(sequence);
        final long next = there == null ? last + 1 : Math.min(last + 1, there);
        accept("objects are missing from the store: "
                + Missing.of(present, sequence, Math.max(sequence, next - 1)).describe(volume, epoch.epoch()));
        return next;
    }

    private void checkEnd(final EpochRecord epoch, final long sequence, final EpochRecord next)
            throws HistoryException {
        if (next.firstSequence() != sequence + 1) {
            throw new HistoryException("volume " + volume + ": epoch " + epoch.epoch() + " ends at sequence " + sequence
                    + ", but epoch " + next.epoch() + " begins at " + next.firstSequence()
                    + ": objects are missing from the store");
        }
    }

    private EpochRecord epochRecordOf(final long sequence, final EpochRecord newest) throws IOException {
        EpochRecord record = newest;
        while (record.firstSequence() > sequence) {
            record = epoch(record.epoch() - 1);
        }
        return record;
    }

    /** Maps what an object holds, and unmaps what it trims. */
    static void apply(final ObjectHeader header, final ExtentMap map, final MapChanges changes) {
        final long sequence = header.sequence();
        changes.onObject();
        for (int i = 0, n = header.extentCount(); i < n; i++) {
            final long block = header.extentBlock(i);
            final int length = header.extentLength(i);
            if (header.extentKind(i) == ExtentEntry.TRIM) {
                map.remove(block, length);
                changes.onRemoved(block, length);
            } else {
                final long location = Location.inObject(sequence, header.extentDataBlock(i));
                map.put(block, length, location);
                changes.onWritten(block, length, location);
            }
        }
    }
}

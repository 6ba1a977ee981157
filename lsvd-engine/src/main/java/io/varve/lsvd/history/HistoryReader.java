package io.varve.lsvd.history;

import io.varve.lsvd.format.Covered;
import io.varve.lsvd.format.EpochRecord;
import io.varve.lsvd.format.ExtentEntry;
import io.varve.lsvd.format.FormatException;
import io.varve.lsvd.format.ObjectHeader;
import io.varve.lsvd.format.ObjectType;
import io.varve.lsvd.history.CheckpointReader.Loaded;
import io.varve.lsvd.map.ExtentMap;
import io.varve.lsvd.map.Location;
import io.varve.lsvd.store.Keys;
import io.varve.lsvd.store.StoreClient;
import io.varve.lsvd.store.StoredObject;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;

/** Reads a volume's history from the store: newest checkpoint, then the objects behind it, in sequence. */
public final class HistoryReader {
    private final StoreClient store;
    private final UUID volume;
    private final HeaderReader headers;

    /** Makes a reader for one volume. */
    public HistoryReader(final StoreClient store, final UUID volume) {
        this.store = store;
        this.volume = volume;
        this.headers = new HeaderReader(store, volume);
    }

    /** The record of an epoch. */
    public EpochRecord epoch(final long epoch) throws IOException {
        final String key = Keys.epoch(volume, epoch);
        return EpochRecord.decode(key, store.getWhole(key, EpochRecord.MAX_LENGTH));
    }

    /** The nonce of whoever sealed an epoch that has a successor. */
    public UUID sealedBy(final long epoch) throws IOException {
        return headers.read(epoch, epoch(epoch + 1).firstSequence() - 1).nonce();
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
     * Reads the history up to now.
     *
     * @throws HistoryException when it does not hang together.
     * @throws FormatException  when an object is damaged or of an unknown version.
     */
    public History read() throws IOException {
        final EpochRecord newest = newestEpoch();
        final Set<Long> present = new HashSet<>();
        for (final StoredObject object : store.list(Keys.log(volume, newest.epoch()))) {
            present.add(Keys.lastNumber(object.key()));
        }
        headers.forget();
        final long checkpoint = newestCheckpoint(newest, present);
        final ExtentMap map = new ExtentMap();
        final MapChanges changes = new MapChanges();
        try {
            return readFrom(checkpoint, newest, present, map, changes);
        } catch (final IOException | RuntimeException e) {
            map.close();
            changes.close();
            throw e;
        }
    }

    /**
     * Looks whether a seal that was put where a history ended ends it: it does unless the epoch has gone on behind it in the
     * meantime, with a checkpoint, or is not the newest any more.
     *
     * @return the nonce of whoever has sealed; null when the history has to be read again.
     */
    public UUID sealOf(final History history) throws IOException {
        final long epoch = history.newest().epoch();
        final long sequence = history.nextSequence();
        if (newestEpoch().epoch() != epoch) {
            return null;
        }
        for (final StoredObject object : store.list(Keys.log(volume, epoch))) {
            final long other = Keys.lastNumber(object.key());
            if (other > sequence) {
                final ObjectHeader header = headers.read(epoch, other);
                if (header.type() == ObjectType.CHECKPOINT || header.checkpoint() >= sequence) {
                    return null;
                }
            }
        }
        final ObjectHeader seal = headers.readIfPresent(epoch, sequence);
        return seal == null || seal.type() != ObjectType.SEAL ? null : seal.nonce();
    }

    /** The newest checkpoint that the last object of the contiguous prefix of the newest epoch knows of, or is. */
    private long newestCheckpoint(final EpochRecord newest, final Set<Long> present) throws IOException {
        long checkpoint = newest.checkpoint();
        long sequence = newest.firstSequence();
        while (present.contains(sequence)) {
            sequence++;
        }
        if (sequence > newest.firstSequence()) {
            final ObjectHeader last = headers.read(newest.epoch(), sequence - 1);
            checkpoint =
                    last.type() == ObjectType.CHECKPOINT ? last.sequence() : Math.max(checkpoint, last.checkpoint());
        }
        return checkpoint;
    }

    private History readFrom(
            final long checkpoint,
            final EpochRecord newest,
            final Set<Long> present,
            final ExtentMap map,
            final MapChanges changes)
            throws IOException {
        CheckpointChain chain = CheckpointChain.NONE;
        Epochs epochs = Epochs.NONE;
        long sequence = 0;
        long epoch = 0;
        Covered covered = Covered.through(newest.lastRecord(), newest.settings().writeCache());
        if (checkpoint != ObjectHeader.NO_CHECKPOINT) {
            epoch = epochOf(checkpoint, newest);
            final Loaded loaded = new CheckpointReader(store, headers, volume).read(epoch, checkpoint, map);
            epochs = loaded.epochs();
            chain = loaded.chain();
            covered = cover(covered, loaded.newest(), newest);
            sequence = checkpoint + 1;
        } else {
            epochs = epochs.with(0, 0);
        }
        EpochRecord current = epoch == newest.epoch() ? newest : epoch(epoch);
        while (true) {
            readAhead(current.epoch(), sequence, current.epoch() == newest.epoch() ? present : null);
            final ObjectHeader header = headers.readIfPresent(current.epoch(), sequence);
            if (header == null || header.type() == ObjectType.SEAL) {
                if (current.epoch() == newest.epoch()) {
                    return new History(
                            newest,
                            epochs,
                            map,
                            sequence,
                            header == null ? null : header.nonce(),
                            covered,
                            chain,
                            changes);
                }
                current = next(current, sequence, header);
                epochs = epochs.with(current.epoch(), current.firstSequence());
                sequence = current.firstSequence();
                headers.forget();
                continue;
            }
            if (header.type() == ObjectType.DATA) {
                apply(header, map, changes);
                covered = cover(covered, header, newest);
            }
            sequence++;
        }
    }

    /** The newest epoch's record knows of the write cache what the epochs before have brought about. */
    private static Covered cover(final Covered before, final ObjectHeader header, final EpochRecord newest) {
        if (header.lastRecord() < before.lastRecord()) {
            return before;
        }
        final Covered covered = header.covered(before.isWriteCache());
        return header.epoch() == newest.epoch() ? covered : covered.withWriteCache(before.isWriteCache());
    }

    /** @param present which objects there are in the epoch; null when that is not known: then some may be asked for in vain. */
    private void readAhead(final long epoch, final long sequence, final Set<Long> present) {
        long next = sequence;
        while ((present == null || present.contains(next)) && headers.ahead(epoch, next)) {
            next++;
        }
    }

    private EpochRecord next(final EpochRecord current, final long sequence, final ObjectHeader seal)
            throws IOException {
        final EpochRecord next = epoch(current.epoch() + 1);
        if (seal == null || next.firstSequence() != sequence + 1) {
            throw new HistoryException(
                    "volume " + volume + ": epoch " + current.epoch() + " ends at sequence " + sequence
                            + (seal == null ? " without a seal" : "") + ", but epoch " + next.epoch() + " begins at "
                            + next.firstSequence() + ": objects are missing from the store");
        }
        return next;
    }

    private long epochOf(final long sequence, final EpochRecord newest) throws IOException {
        EpochRecord record = newest;
        while (record.firstSequence() > sequence) {
            record = epoch(record.epoch() - 1);
        }
        return record.epoch();
    }

    /** Maps what an object holds, and unmaps what it trims. */
    private static void apply(final ObjectHeader header, final ExtentMap map, final MapChanges changes) {
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

package io.varve.lsvd.history;

import io.varve.lsvd.format.Covered;
import io.varve.lsvd.format.EpochRecord;
import io.varve.lsvd.format.ExtentEntry;
import io.varve.lsvd.format.FormatException;
import io.varve.lsvd.format.ObjectHeader;
import io.varve.lsvd.format.ObjectType;
import io.varve.lsvd.map.ExtentMap;
import io.varve.lsvd.map.Location;
import io.varve.lsvd.store.Keys;
import io.varve.lsvd.store.NoSuchObjectException;
import io.varve.lsvd.store.StoreClient;
import io.varve.lsvd.store.StoredObject;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** Reads a volume's history from the store: newest checkpoint, then the objects behind it, in sequence. */
public final class HistoryReader {
    private static final int FIRST_READ = 64 << 10;

    private final StoreClient store;
    private final UUID volume;

    /** Makes a reader for one volume. */
    public HistoryReader(final StoreClient store, final UUID volume) {
        this.store = store;
        this.volume = volume;
    }

    /** The record of an epoch. */
    public EpochRecord epoch(final long epoch) throws IOException {
        final String key = Keys.epoch(volume, epoch);
        return EpochRecord.decode(key, store.getWhole(key, EpochRecord.MAX_LENGTH));
    }

    /** The nonce of whoever sealed an epoch that has a successor. */
    public UUID sealedBy(final long epoch) throws IOException {
        return header(epoch, epoch(epoch + 1).firstSequence() - 1).nonce();
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
        final Map<Long, Long> lengths = new HashMap<>();
        for (final StoredObject object : store.list(Keys.log(volume, newest.epoch()))) {
            lengths.put(Keys.lastNumber(object.key()), object.length());
        }
        final long checkpoint = newestCheckpoint(newest, lengths.keySet());
        final ExtentMap map = new ExtentMap();
        final MapChanges changes = new MapChanges();
        try {
            return readFrom(checkpoint, newest, map, changes);
        } catch (final IOException | RuntimeException e) {
            map.close();
            changes.close();
            throw e;
        }
    }

    /** The newest checkpoint that the last object of the contiguous prefix of the newest epoch knows of, or is. */
    private long newestCheckpoint(final EpochRecord newest, final java.util.Set<Long> present) throws IOException {
        long checkpoint = newest.checkpoint();
        long sequence = newest.firstSequence();
        while (present.contains(sequence)) {
            sequence++;
        }
        if (sequence > newest.firstSequence()) {
            final ObjectHeader last = header(newest.epoch(), sequence - 1);
            checkpoint =
                    last.type() == ObjectType.CHECKPOINT ? last.sequence() : Math.max(checkpoint, last.checkpoint());
        }
        return checkpoint;
    }

    private History readFrom(
            final long checkpoint, final EpochRecord newest, final ExtentMap map, final MapChanges changes)
            throws IOException {
        CheckpointChain chain = CheckpointChain.NONE;
        Epochs epochs = Epochs.NONE;
        long sequence = 0;
        long epoch = 0;
        Covered covered = Covered.through(newest.lastRecord(), newest.settings().writeCache());
        if (checkpoint != ObjectHeader.NO_CHECKPOINT) {
            epoch = epochOf(checkpoint, newest);
            final Deque<ObjectHeader> headers = chainOf(checkpoint, newest);
            for (final ObjectHeader header : headers) {
                final boolean isWhole = chain.isEmpty();
                epochs = readCheckpoint(header, isWhole, map);
                chain = isWhole
                        ? CheckpointChain.whole(header.sequence())
                        : chain.with(header.sequence(), header.objectLength());
            }
            covered = cover(covered, headers.getLast(), newest);
            sequence = checkpoint + 1;
        } else {
            epochs = epochs.with(0, 0);
        }
        EpochRecord current = epoch == newest.epoch() ? newest : epoch(epoch);
        while (true) {
            final ObjectHeader header = headerIfPresent(current.epoch(), sequence);
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

    /** The headers of a checkpoint and those that it builds on, the whole one first. */
    private Deque<ObjectHeader> chainOf(final long newestCheckpoint, final EpochRecord newest) throws IOException {
        final Deque<ObjectHeader> chain = new ArrayDeque<>();
        long sequence = newestCheckpoint;
        do {
            final ObjectHeader header = header(epochOf(sequence, newest), sequence);
            if (header.type() != ObjectType.CHECKPOINT || header.checkpoint() > sequence || header.checkpoint() < 0) {
                throw new FormatException(
                        Keys.object(volume, header.epoch(), sequence) + " should be a checkpoint and is not");
            }
            chain.push(header);
            sequence = header.checkpoint();
        } while (chain.peek().sequence() != sequence);
        return chain;
    }

    private Epochs readCheckpoint(final ObjectHeader header, final boolean isWhole, final ExtentMap map)
            throws IOException {
        final String key = Keys.object(volume, header.epoch(), header.sequence());
        final long length = header.objectLength() - header.headerLength();
        try (Arena arena = Arena.ofShared()) {
            final MemorySegment body = arena.allocate(length, Long.BYTES);
            if (store.get(key, header.headerLength(), body) != length) {
                throw new FormatException(key + " is damaged: it is too short");
            }
            return Checkpoint.decode(key, header, body, isWhole, map);
        }
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

    /** Reads and checks an object's header, or gives null when there is no such object. */
    private ObjectHeader headerIfPresent(final long epoch, final long sequence) throws IOException {
        try {
            return header(epoch, sequence);
        } catch (final NoSuchObjectException e) {
            return null;
        }
    }

    private ObjectHeader header(final long epoch, final long sequence) throws IOException {
        final String key = Keys.object(volume, epoch, sequence);
        MemorySegment bytes = store.getWhole(key, FIRST_READ);
        ObjectHeader header = new ObjectHeader(bytes);
        if (header.isRecognizable() && header.headerLength() > bytes.byteSize()) {
            bytes = store.getWhole(key, header.headerLength());
            header = new ObjectHeader(bytes);
        }
        header.validate(key, volume, epoch, sequence);
        return header;
    }
}

package io.varve.lsvd.history;

import io.varve.linux.Background;
import io.varve.lsvd.format.Covered;
import io.varve.lsvd.format.FormatException;
import io.varve.lsvd.format.ObjectHeader;
import io.varve.lsvd.format.ObjectIdentity;
import io.varve.lsvd.format.ObjectType;
import io.varve.lsvd.format.SnapshotRecord;
import io.varve.lsvd.map.ExtentMap;
import io.varve.lsvd.map.Location;
import io.varve.lsvd.objects.ObjectWriter;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * A checkpoint object: the extent map as all objects before it make it, and the epochs that those belong to. A whole one
 * holds all of the map and names itself in its header; a delta holds what has changed since the checkpoint that its header
 * names, removals included, and lists all that it builds on. With the map goes the table of the objects. Its payload:
 *
 * <pre>
 *  0  u64  number of extents
 *  8  u64  number of epochs
 * 16  u64  number of checkpoints that it builds on
 * 24  u64  number of objects
 * 32  u64  length in bytes of what it says of a snapshot, that the volume as of this checkpoint is; 0 when it is none
 * 40  u64  zero
 * 48  epochs, oldest first: volume 16B, number u64, first sequence u64, nonce 16B
 *     checkpoints, the whole one first: sequence u64
 *     objects, ascending: sequence u64, length in bytes u64 (0 when it has been deleted), since when dead u64 or all ones,
 *         data blocks u32, generation u32 (255 a checkpoint)
 *     the snapshot's record ({@link SnapshotRecord}), and zeros up to a multiple of 8
 *     extents: first block u64 (low 40 bits) and length (high 24 bits, 0 standing for 2^24), location u64 or, for a run
 *     that is not mapped any more, all ones; removals first, then the others, each in ascending order
 * </pre>
 */
public final class Checkpoint {
    /** Between looks at the clock; an extent takes some nanoseconds. */
    private static final int EXTENTS_AT_ONCE = 64;

    /** Greatest length of an object in bytes, so that the sum of many is a number still. */
    private static final long MAX_OBJECT_LENGTH = 1L << 40;

    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final int PREAMBLE = 6 * Long.BYTES;
    private static final int EPOCH_LENGTH = 6 * Long.BYTES;
    private static final int BASE_LENGTH = Long.BYTES;
    private static final int OBJECT_LENGTH = 4 * Long.BYTES;

    private Checkpoint() {}

    /**
     * What all checkpoints of an epoch have in common.
     *
     * @param volume whose checkpoints these are.
     * @param epoch  in which they are written.
     * @param nonce  of the epoch.
     * @param epochs all epochs of the map.
     */
    public record Author(UUID volume, long epoch, UUID nonce, Epochs epochs) {}

    /**
     * What a checkpoint says of itself.
     *
     * @param sequence of the checkpoint.
     * @param covered  what it covers.
     * @param snapshot that the volume is as of it, or null.
     */
    public record Statement(long sequence, Covered covered, SnapshotRecord snapshot) {}

    /**
     * What a checkpoint says.
     *
     * @param epochs  all epochs of the map.
     * @param bases   sequences of the checkpoints that it builds on, the whole one first.
     * @param objects entries of the table of objects; see {@link #loadObjects}.
     * @param snapshot that the volume is as of this checkpoint, or null.
     * @param removed runs that are not mapped any more.
     * @param written runs that are mapped.
     */
    record Content(
            Epochs epochs,
            List<Long> bases,
            MemorySegment objects,
            SnapshotRecord snapshot,
            Runs removed,
            Runs written) {}

    /** Length in bytes of a whole checkpoint, uncompressed. */
    public static long wholeLength(final Epochs epochs, final ObjectTable objects, final ExtentMap map) {
        return objectLength(epochs, 0, objects.entryCount(true), map.extentCount());
    }

    /** Greatest length of a checkpoint in bytes: stores are given an object in one piece. */
    public static final long MAX_LENGTH = Integer.MAX_VALUE;

    /**
     * Greatest number of extents in a volume that clients may go on to write to. Some 350 MB of a checkpoint are left for the table of
     * objects, and for what the local log adds.
     */
    public static final long MAX_EXTENTS = 112_000_000;

    /** Length in bytes of a delta, uncompressed. */
    public static long deltaLength(
            final Epochs epochs, final CheckpointChain base, final ObjectTable objects, final MapChanges changes) {
        return objectLength(epochs, base.sequences().size(), objects.entryCount(false), changes.extentCount());
    }

    private static long objectLength(final Epochs epochs, final int bases, final long objects, final long extents) {
        return ObjectHeader.Shape.ofPayload(length(epochs, bases, objects, extents))
                .objectLength();
    }

    private static long length(final Epochs epochs, final int bases, final long objects, final long extents) {
        return PREAMBLE
                + (long) epochs.count() * EPOCH_LENGTH
                + (long) bases * BASE_LENGTH
                + objects * OBJECT_LENGTH
                + extents * Runs.LENGTH;
    }

    /** Builds a whole checkpoint. */
    public static MemorySegment whole(
            final Author author,
            final Statement statement,
            final ObjectTable objects,
            final ExtentMap map,
            final ObjectWriter writer) {
        return encode(author, statement, statement.sequence, List.of(), objects, null, map, writer);
    }

    /**
     * Builds a delta.
     *
     * @param base    the checkpoint that it builds on, and all that this one does.
     * @param changes what has changed since.
     * @param writer  makes the object.
     */
    public static MemorySegment delta(
            final Author author,
            final Statement statement,
            final CheckpointChain base,
            final ObjectTable objects,
            final MapChanges changes,
            final ObjectWriter writer) {
        return encode(
                author,
                statement,
                base.newest(),
                base.sequences(),
                objects,
                changes.removed(),
                changes.written(),
                writer);
    }

    private static MemorySegment encode(
            final Author author,
            final Statement statement,
            final long base,
            final List<Long> bases,
            final ObjectTable objects,
            final ExtentMap removed,
            final ExtentMap map,
            final ObjectWriter writer) {
        final boolean isWhole = removed == null;
        final long extents = map.extentCount() + (isWhole ? 0 : removed.extentCount());
        final Epochs epochs = author.epochs;
        final long entries = objects.entryCount(isWhole);
        final MemorySegment snapshot = statement.snapshot == null ? MemorySegment.NULL : statement.snapshot.encode();
        final long length = length(epochs, bases.size(), entries, extents) + padded(snapshot.byteSize());
        final ObjectWriter.Draft draft = writer.begin(
                ObjectType.CHECKPOINT,
                new ObjectIdentity(author.volume, author.epoch, statement.sequence, author.nonce),
                ObjectHeader.Shape.ofPayload(length));
        try {
            draft.header().covers(statement.covered.lastRecord(), statement.covered);
            draft.header().checkpoint(base);
            putBody(draft.payload(), author.epochs, bases, objects, snapshot, removed, map);
            return draft.finish();
        } catch (final RuntimeException | Error e) {
            draft.drop();
            throw e;
        }
    }

    private static void putBody(
            final MemorySegment body,
            final Epochs epochs,
            final List<Long> bases,
            final ObjectTable objects,
            final MemorySegment snapshot,
            final ExtentMap removed,
            final ExtentMap map) {
        final boolean isWhole = removed == null;
        final long extents = map.extentCount() + (isWhole ? 0 : removed.extentCount());
        put(body, 0, extents, epochs.count());
        put(body, 2 * Long.BYTES, bases.size(), objects.entryCount(isWhole));
        put(body, 4 * Long.BYTES, snapshot.byteSize(), 0);
        long offset = PREAMBLE;
        for (int i = 0; i < epochs.count(); i++) {
            final Epochs.Entry epoch = epochs.get(i);
            putUuid(body, offset, epoch.volume());
            put(body, offset + 2 * Long.BYTES, epoch.epoch(), epoch.firstSequence());
            putUuid(body, offset + 4 * Long.BYTES, epoch.nonce());
            offset += EPOCH_LENGTH;
        }
        for (final long one : bases) {
            body.set(LONG, offset, one);
            offset += BASE_LENGTH;
        }
        offset = putObjects(body, offset, objects, isWhole);
        body.asSlice(offset, padded(snapshot.byteSize())).fill((byte) 0);
        MemorySegment.copy(snapshot, 0, body, offset, snapshot.byteSize());
        offset += padded(snapshot.byteSize());
        if (removed != null) {
            offset = putExtents(body, offset, removed, true);
        }
        putExtents(body, offset, map, false);
    }

    private static long padded(final long length) {
        return length + Long.BYTES - 1 & -Long.BYTES;
    }

    private static long putObjects(
            final MemorySegment body, final long start, final ObjectTable objects, final boolean isWhole) {
        long offset = start;
        if (isWhole) {
            for (int i = 0; i < objects.count(); i++) {
                putObject(body, offset, objects, i);
                offset += OBJECT_LENGTH;
            }
            return offset;
        }
        for (final long sequence : objects.changedSequences()) {
            final int index = objects.find(sequence);
            if (index >= 0) {
                putObject(body, offset, objects, index);
            } else {
                put(body, offset, sequence, 0);
                put(body, offset + 2 * Long.BYTES, 0, 0);
            }
            offset += OBJECT_LENGTH;
        }
        return offset;
    }

    private static void putObject(
            final MemorySegment body, final long offset, final ObjectTable objects, final int index) {
        put(body, offset, objects.sequence(index), objects.length(index));
        put(
                body,
                offset + 2 * Long.BYTES,
                objects.deadSince(index),
                (long) objects.generation(index) << Integer.SIZE | objects.blocks(index));
    }

    /** Brings what a checkpoint says of objects into a table, on top of what those that it builds on said. */
    static void loadObjects(final Content content, final ObjectTable objects) {
        final MemorySegment entries = content.objects;
        for (long offset = 0; offset < entries.byteSize(); offset += OBJECT_LENGTH) {
            final long sequence = entries.get(LONG, offset);
            final long length = entries.get(LONG, offset + Long.BYTES);
            final long dead = entries.get(LONG, offset + 2 * Long.BYTES);
            final long kind = entries.get(LONG, offset + 3 * Long.BYTES);
            if (length == 0) {
                objects.remove(sequence);
            } else {
                objects.load(sequence, length, (int) kind, (int) (kind >>> Integer.SIZE), dead);
            }
        }
    }

    private static long putExtents(
            final MemorySegment body, final long start, final ExtentMap map, final boolean isRemoved) {
        long offset = start;
        long block = 0;
        for (long i = 1; map.find(block); i++) {
            if (i % EXTENTS_AT_ONCE == 0) {
                Background.pause();
            }
            Runs.encode(
                    body, offset, map.foundBlock(), map.foundLength(), isRemoved ? Runs.REMOVED : map.foundLocation());
            offset += Runs.LENGTH;
            block = map.foundBlock() + map.foundLength();
        }
        return offset;
    }

    /**
     * Reads the payload of a checkpoint, which must stay as long as the content is used.
     *
     * @throws FormatException when it is damaged.
     */
    static Content decode(final String key, final ObjectHeader header, final MemorySegment body)
            throws FormatException {
        if (body.byteSize() < PREAMBLE) {
            throw new FormatException(key + " is damaged: it is too short");
        }
        final long extentCount = body.get(LONG, 0);
        final long epochCount = body.get(LONG, Long.BYTES);
        final long baseCount = body.get(LONG, 2 * Long.BYTES);
        final long objectCount = body.get(LONG, 3 * Long.BYTES);
        final long snapshotLength = body.get(LONG, 4 * Long.BYTES);
        final long most = body.byteSize() / Long.BYTES;
        if (Long.compareUnsigned(extentCount, most) > 0
                || Long.compareUnsigned(epochCount, most) > 0
                || Long.compareUnsigned(baseCount, most) > 0
                || Long.compareUnsigned(objectCount, most) > 0
                || Long.compareUnsigned(snapshotLength, SnapshotRecord.MAX_LENGTH) > 0
                || PREAMBLE
                                + epochCount * EPOCH_LENGTH
                                + baseCount * BASE_LENGTH
                                + objectCount * OBJECT_LENGTH
                                + padded(snapshotLength)
                                + extentCount * Runs.LENGTH
                        != body.byteSize()) {
            throw new FormatException(key + " is damaged: its lengths do not add up");
        }
        long offset = PREAMBLE;
        final Epochs epochs = epochs(key, header, body.asSlice(offset, epochCount * EPOCH_LENGTH));
        offset += epochCount * EPOCH_LENGTH;
        final long first = epochs.get(0).firstSequence();
        final List<Long> bases = bases(key, body.asSlice(offset, baseCount * BASE_LENGTH), first, header.sequence());
        offset += baseCount * BASE_LENGTH;
        final MemorySegment objects = body.asSlice(offset, objectCount * OBJECT_LENGTH);
        checkObjects(key, objects);
        offset += objects.byteSize();
        final SnapshotRecord snapshot =
                snapshotLength == 0 ? null : SnapshotRecord.decode(key, body.asSlice(offset, snapshotLength));
        offset += padded(snapshotLength);
        long end = offset;
        while (end < body.byteSize() && body.get(LONG, end + Long.BYTES) == Runs.REMOVED) {
            end += Runs.LENGTH;
        }
        if (bases.isEmpty() && end > offset) {
            throw new FormatException(key + " is damaged: it removes what it does not build on");
        }
        return new Content(
                epochs,
                bases,
                objects,
                snapshot,
                Runs.removed(key, body.asSlice(offset, end - offset)),
                Runs.written(key, body.asSlice(end), first, header.sequence()));
    }

    /** The epochs that are listed: in order, the last one the checkpoint's own. */
    private static Epochs epochs(final String key, final ObjectHeader header, final MemorySegment list)
            throws FormatException {
        final Epochs.Entry[] entries = new Epochs.Entry[(int) (list.byteSize() / EPOCH_LENGTH)];
        for (int i = 0; i < entries.length; i++) {
            final long offset = (long) i * EPOCH_LENGTH;
            entries[i] = new Epochs.Entry(
                    getUuid(list, offset),
                    list.get(LONG, offset + 2 * Long.BYTES),
                    list.get(LONG, offset + 3 * Long.BYTES),
                    getUuid(list, offset + 4 * Long.BYTES));
        }
        final Epochs epochs = Epochs.of(entries);
        if (epochs == null
                || entries.length == 0
                || entries[0].firstSequence() < 0
                || entries[entries.length - 1].firstSequence() > header.sequence()
                || entries[entries.length - 1].epoch() != header.epoch()
                || !entries[entries.length - 1].volume().equals(header.volume())) {
            throw new FormatException(key + " is damaged: its epochs are not in order");
        }
        return epochs;
    }

    /** The checkpoints that are listed: in order, and before this one. */
    private static List<Long> bases(final String key, final MemorySegment list, final long first, final long end)
            throws FormatException {
        final List<Long> bases = new ArrayList<>();
        long least = first;
        for (long offset = 0; offset < list.byteSize(); offset += BASE_LENGTH) {
            final long base = list.get(LONG, offset);
            if (base < least || base >= end) {
                throw new FormatException(key + " is damaged: it builds on what can't be before it");
            }
            bases.add(base);
            least = base + 1;
        }
        return bases;
    }

    /** Checks that entries of the table of objects are in order, and what they say within what an object can be. */
    private static void checkObjects(final String key, final MemorySegment entries) throws FormatException {
        long least = 0;
        for (long offset = 0; offset < entries.byteSize(); offset += OBJECT_LENGTH) {
            final long sequence = entries.get(LONG, offset);
            final long length = entries.get(LONG, offset + Long.BYTES);
            final long dead = entries.get(LONG, offset + 2 * Long.BYTES);
            final long kind = entries.get(LONG, offset + 3 * Long.BYTES);
            if (sequence < least
                    || sequence > Location.MAX_SEQUENCE
                    || length < 0
                    || length > MAX_OBJECT_LENGTH
                    || length > 0 && !isObject(dead, (int) kind, kind >>> Integer.SIZE)) {
                throw new FormatException(key + " is damaged: its table of objects is not in order");
            }
            least = sequence + 1;
        }
    }

    private static boolean isObject(final long dead, final int blocks, final long generation) {
        return dead >= ObjectTable.ALIVE
                && blocks >= 0
                && blocks <= Location.MAX_OBJECT_BLOCKS
                && generation <= ObjectTable.CHECKPOINT;
    }

    private static void putUuid(final MemorySegment body, final long offset, final UUID uuid) {
        put(body, offset, uuid.getMostSignificantBits(), uuid.getLeastSignificantBits());
    }

    private static UUID getUuid(final MemorySegment body, final long offset) {
        return new UUID(body.get(LONG, offset), body.get(LONG, offset + Long.BYTES));
    }

    private static void put(final MemorySegment body, final long offset, final long first, final long second) {
        body.set(LONG, offset, first);
        body.set(LONG, offset + Long.BYTES, second);
    }
}

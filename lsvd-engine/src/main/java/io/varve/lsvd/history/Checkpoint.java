package io.varve.lsvd.history;

import io.varve.lsvd.format.Checksum;
import io.varve.lsvd.format.Covered;
import io.varve.lsvd.format.FormatException;
import io.varve.lsvd.format.ObjectHeader;
import io.varve.lsvd.format.ObjectType;
import io.varve.lsvd.map.ExtentMap;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * A checkpoint object: the extent map as all objects before it make it, and the epochs that those belong to. A whole one
 * holds all of the map and names itself in its header; a delta holds what has changed since the checkpoint that its header
 * names, removals included, and lists all that it builds on. Behind the header stand
 *
 * <pre>
 *  0  u64  number of extents
 *  8  u64  number of epochs
 * 16  u64  number of checkpoints that it builds on
 * 24  u64  zero
 * 32  epochs, oldest first: number u64, first sequence u64
 *     checkpoints, the whole one first: sequence u64, zero u64
 *     extents: first block u64 (low 40 bits) and length (high 24 bits, 0 standing for 2^24), location u64 or, for a run
 *     that is not mapped any more, all ones; removals first, then the others, each in ascending order
 * </pre>
 *
 * <p>In version 1 the epochs begin at 16, and checkpoints are not listed.
 */
public final class Checkpoint {
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final int PAIR = 2 * Long.BYTES;
    private static final int PREAMBLE_1 = PAIR;
    private static final int PREAMBLE = 2 * PAIR;

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
     * What a checkpoint says.
     *
     * @param epochs  all epochs of the map.
     * @param bases   sequences of the checkpoints that it builds on, the whole one first.
     * @param removed runs that are not mapped any more.
     * @param written runs that are mapped.
     */
    record Content(Epochs epochs, List<Long> bases, Runs removed, Runs written) {}

    /** Length in bytes of a checkpoint object with so many extents, removals included. */
    public static long length(final long extents, final Epochs epochs, final int bases) {
        return ObjectHeader.length(0, 0) + PREAMBLE + (epochs.count() + bases + extents) * PAIR;
    }

    /** Builds a whole checkpoint in memory of the automatic arena. */
    public static MemorySegment whole(
            final Author author, final long sequence, final Covered covered, final ExtentMap map) {
        return encode(author, sequence, covered, sequence, List.of(), null, map);
    }

    /**
     * Builds a delta in memory of the automatic arena.
     *
     * @param base    the checkpoint that it builds on, and all that this one does.
     * @param changes what has changed since.
     */
    public static MemorySegment delta(
            final Author author,
            final long sequence,
            final Covered covered,
            final CheckpointChain base,
            final MapChanges changes) {
        return encode(author, sequence, covered, base.newest(), base.sequences(), changes.removed(), changes.written());
    }

    private static MemorySegment encode(
            final Author author,
            final long sequence,
            final Covered covered,
            final long base,
            final List<Long> bases,
            final ExtentMap removed,
            final ExtentMap map) {
        final long extents = map.extentCount() + (removed == null ? 0 : removed.extentCount());
        final Epochs epochs = author.epochs;
        final MemorySegment object = Arena.ofAuto().allocate(length(extents, epochs, bases.size()), Long.BYTES);
        final ObjectHeader header = new ObjectHeader(object);
        header.begin(ObjectType.CHECKPOINT, author.volume, author.epoch, sequence, author.nonce, 0, 0);
        header.covers(covered.lastRecord(), covered);
        header.checkpoint(base);
        final MemorySegment body = object.asSlice(header.headerLength());
        put(body, 0, extents, epochs.count());
        put(body, PAIR, bases.size(), 0);
        long offset = PREAMBLE;
        for (int i = 0; i < epochs.count(); i++) {
            put(body, offset, epochs.epoch(i), epochs.firstSequence(i));
            offset += PAIR;
        }
        for (final long one : bases) {
            put(body, offset, one, 0);
            offset += PAIR;
        }
        if (removed != null) {
            offset = putExtents(body, offset, removed, true);
        }
        putExtents(body, offset, map, false);
        header.body(body.byteSize(), Checksum.of(body));
        header.seal();
        return object;
    }

    private static long putExtents(
            final MemorySegment body, final long start, final ExtentMap map, final boolean isRemoved) {
        long offset = start;
        long block = 0;
        while (map.find(block)) {
            Runs.encode(
                    body, offset, map.foundBlock(), map.foundLength(), isRemoved ? Runs.REMOVED : map.foundLocation());
            offset += Runs.LENGTH;
            block = map.foundBlock() + map.foundLength();
        }
        return offset;
    }

    /**
     * Reads the body of a checkpoint, which must stay as long as the content is used.
     *
     * @throws FormatException when it is damaged.
     */
    static Content decode(final String key, final ObjectHeader header, final MemorySegment body)
            throws FormatException {
        if (Checksum.of(body) != header.bodyCrc()) {
            throw new FormatException(key + " is damaged: its checksum does not match");
        }
        final boolean hasBases = header.version() > 1;
        final int preamble = hasBases ? PREAMBLE : PREAMBLE_1;
        final long extentCount = body.get(LONG, 0);
        final long epochCount = body.get(LONG, Long.BYTES);
        final long baseCount = hasBases ? body.get(LONG, PAIR) : 0;
        final long most = body.byteSize() / PAIR;
        if (Long.compareUnsigned(extentCount, most) > 0
                || Long.compareUnsigned(epochCount, most) > 0
                || Long.compareUnsigned(baseCount, most) > 0
                || preamble + (epochCount + baseCount + extentCount) * PAIR != body.byteSize()) {
            throw new FormatException(key + " is damaged: its lengths do not add up");
        }
        long offset = preamble;
        Epochs epochs = Epochs.NONE;
        for (long i = 0; i < epochCount; i++) {
            epochs = epochs.with(body.get(LONG, offset), body.get(LONG, offset + Long.BYTES));
            offset += PAIR;
        }
        final List<Long> bases = new ArrayList<>();
        for (long i = 0; i < baseCount; i++) {
            bases.add(body.get(LONG, offset));
            offset += PAIR;
        }
        long end = offset;
        while (end < body.byteSize() && body.get(LONG, end + Long.BYTES) == Runs.REMOVED) {
            end += PAIR;
        }
        return new Content(
                epochs, bases, Runs.of(key, body.asSlice(offset, end - offset)), Runs.of(key, body.asSlice(end)));
    }

    private static void put(final MemorySegment body, final long offset, final long first, final long second) {
        body.set(LONG, offset, first);
        body.set(LONG, offset + Long.BYTES, second);
    }
}

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
import java.util.UUID;

/**
 * A checkpoint object: the extent map as all objects before it make it, and the epochs that those belong to. A whole one
 * holds all of the map and names itself in its header; a delta holds what has changed since the checkpoint that its header
 * names, removals included. Behind the header stand
 *
 * <pre>
 *  0  u64  number of extents
 *  8  u64  number of epochs
 * 16  epochs, oldest first: number u64, first sequence u64
 *     extents: first block u64 (low 40 bits) and length (high 24 bits, 0 standing for 2^24), location u64 or, for a run
 *     that is not mapped any more, all ones; removals first, then the others, each in ascending order
 * </pre>
 */
public final class Checkpoint {
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final int PAIR = 2 * Long.BYTES;
    private static final int LENGTH_SHIFT = 40;
    private static final long BLOCK_MASK = (1L << LENGTH_SHIFT) - 1;
    private static final long REMOVED = -1;

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

    /** Length in bytes of a checkpoint object with so many extents, removals included. */
    public static long length(final long extents, final Epochs epochs) {
        return ObjectHeader.length(0, 0) + (1L + epochs.count() + extents) * PAIR;
    }

    /** Builds a whole checkpoint in memory of the automatic arena. */
    public static MemorySegment whole(
            final Author author, final long sequence, final Covered covered, final ExtentMap map) {
        return encode(author, sequence, covered, sequence, null, map);
    }

    /**
     * Builds a delta in memory of the automatic arena.
     *
     * @param base    sequence of the checkpoint that it builds on.
     * @param changes what has changed since.
     */
    public static MemorySegment delta(
            final Author author,
            final long sequence,
            final Covered covered,
            final long base,
            final MapChanges changes) {
        return encode(author, sequence, covered, base, changes.removed(), changes.written());
    }

    private static MemorySegment encode(
            final Author author,
            final long sequence,
            final Covered covered,
            final long base,
            final ExtentMap removed,
            final ExtentMap map) {
        final long extents = map.extentCount() + (removed == null ? 0 : removed.extentCount());
        final Epochs epochs = author.epochs;
        final MemorySegment object = Arena.ofAuto().allocate(length(extents, epochs), Long.BYTES);
        final ObjectHeader header = new ObjectHeader(object);
        header.begin(ObjectType.CHECKPOINT, author.volume, author.epoch, sequence, author.nonce, 0, 0);
        header.covers(covered.lastRecord(), covered);
        header.checkpoint(base);
        final MemorySegment body = object.asSlice(header.headerLength());
        put(body, 0, extents, epochs.count());
        long offset = PAIR;
        for (int i = 0; i < epochs.count(); i++) {
            put(body, offset, epochs.epoch(i), epochs.firstSequence(i));
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
            final long length = map.foundLength() & ExtentMap.MAX_EXTENT_BLOCKS - 1;
            put(body, offset, length << LENGTH_SHIFT | map.foundBlock(), isRemoved ? REMOVED : map.foundLocation());
            offset += PAIR;
            block = map.foundBlock() + map.foundLength();
        }
        return offset;
    }

    /**
     * Applies the body of a checkpoint to the map that its base left.
     *
     * @param isWhole whether the map is empty.
     * @return the epochs.
     * @throws FormatException when it is damaged.
     */
    static Epochs decode(
            final String key,
            final ObjectHeader header,
            final MemorySegment body,
            final boolean isWhole,
            final ExtentMap map)
            throws FormatException {
        if (Checksum.of(body) != header.bodyCrc()) {
            throw new FormatException(key + " is damaged: its checksum does not match");
        }
        final long extentCount = body.get(LONG, 0);
        final long epochCount = body.get(LONG, Long.BYTES);
        if (extentCount < 0 || epochCount < 0 || (1 + extentCount + epochCount) * PAIR != body.byteSize()) {
            throw new FormatException(key + " is damaged: its lengths do not add up");
        }
        long offset = PAIR;
        Epochs epochs = Epochs.NONE;
        for (long i = 0; i < epochCount; i++) {
            epochs = epochs.with(body.get(LONG, offset), body.get(LONG, offset + Long.BYTES));
            offset += PAIR;
        }
        for (long i = 0; i < extentCount; i++) {
            final long run = body.get(LONG, offset);
            final long block = run & BLOCK_MASK;
            final int length = (int) (run >>> LENGTH_SHIFT);
            final int blocks = length == 0 ? ExtentMap.MAX_EXTENT_BLOCKS : length;
            final long location = body.get(LONG, offset + Long.BYTES);
            if (location == REMOVED) {
                map.remove(block, blocks);
            } else if (isWhole) {
                map.append(block, blocks, location);
            } else {
                map.put(block, blocks, location);
            }
            offset += PAIR;
        }
        return epochs;
    }

    private static void put(final MemorySegment body, final long offset, final long first, final long second) {
        body.set(LONG, offset, first);
        body.set(LONG, offset + Long.BYTES, second);
    }
}

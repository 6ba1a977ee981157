package io.varve.lsvd.transfer;

import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.map.ExtentMap;
import io.varve.lsvd.map.MappedParts;
import java.util.BitSet;

/**
 * Which parts of a disk differ between two states, in bounded memory: a bit for each block, or for so many together that {@value #MAX_BITS} bits
 * are enough. What is told as changed may so have not, but what is told as unchanged has not. Is not changed once it is made, and may be read by any
 * thread.
 */
public final class ChangedBlocks {
    /** Most bits: 4 MiB of memory. */
    public static final int MAX_BITS = 32 << 20;

    /** Most bits that are looked at in one call. */
    private static final int MAX_LOOKED_AT = 4 << 20;

    private final int shift;
    private final long sizeBytes;
    private final BitSet changed = new BitSet();

    private ChangedBlocks(final long sizeBytes, final int shift) {
        this.sizeBytes = sizeBytes;
        this.shift = shift;
    }

    /** What a difference has written and discarded. */
    public static ChangedBlocks of(final Difference difference) {
        return of(difference.newer().sizeBytes(), MAX_BITS, difference.written(), difference.discarded());
    }

    /**
     * What some maps have mapped.
     *
     * @param sizeBytes of the disk; all that is mapped is within.
     * @param maxBits   most bits, at least 1.
     */
    static ChangedBlocks of(final long sizeBytes, final long maxBits, final ExtentMap... maps) {
        int shift = Blocks.SHIFT;
        while (sizeBytes - 1 >> shift >= maxBits) {
            shift++;
        }
        final ChangedBlocks result = new ChangedBlocks(sizeBytes, shift);
        for (final ExtentMap map : maps) {
            long block = 0;
            while (map.find(block)) {
                final long first = Math.max(block, map.foundBlock());
                block = map.foundBlock() + map.foundLength();
                result.changed.set(result.bit(first << Blocks.SHIFT), 1 + result.bit((block << Blocks.SHIFT) - 1));
            }
        }
        return result;
    }

    private int bit(final long offset) {
        return (int) (offset >> shift);
    }

    /** How many bytes a bit stands for. */
    public long granularity() {
        return 1L << shift;
    }

    /**
     * Tells of the beginning of a range, and of all of it unless it is very long or the listener has no room.
     *
     * @param offset   in bytes, at least 0.
     * @param length   in bytes, above 0.
     * @param listener is told of parts as {@link MappedParts} tells; "mapped" are those that may have changed.
     */
    public void tell(final long offset, final long length, final MappedParts.Listener listener) {
        final long end = Math.min(offset + length, (bit(offset) + (long) MAX_LOOKED_AT) << shift);
        long at = offset;
        while (at < end) {
            final boolean isChanged = at < sizeBytes && changed.get(bit(at));
            final long stop = at >= sizeBytes ? end : Math.min(end, next(at, !isChanged));
            if (!listener.onPart(stop - at, isChanged)) {
                return;
            }
            at = stop;
        }
    }

    private long next(final long at, final boolean isChanged) {
        final int bit = isChanged ? changed.nextSetBit(bit(at)) : changed.nextClearBit(bit(at));
        return bit < 0 ? Long.MAX_VALUE : (long) bit << shift;
    }
}

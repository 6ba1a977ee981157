package io.varve.lsvd.format;

import java.lang.foreign.MemorySegment;

/**
 * An extent as log records and objects list it: a run of blocks that was written or trimmed. The data of written extents
 * follows in the order of the list, without gaps.
 *
 * <pre>
 *  0  u64  first block of the volume (low 56 bits), kind (high 8 bits)
 *  8  u32  length in blocks
 * 12  u32  first data block, counted from the first of the record's or object's data; 0 when trimmed
 * </pre>
 */
public final class ExtentEntry {
    /** Length of an entry in bytes. */
    public static final int LENGTH = 16;

    /** Kind: the data is in the record or object. */
    public static final int DATA = 0;

    /** Kind: the blocks read as zeros from here on, by a discard or write-zeroes. */
    public static final int TRIM = 1;

    /** Kind: the data block is none of the volume's, but says of a snapshot that the volume as it stands before is one. */
    public static final int NOTE = 2;

    /** Greatest length of an entry, in blocks. */
    public static final int MAX_BLOCKS = Integer.MAX_VALUE;

    private static final int KIND_SHIFT = 56;
    private static final long BLOCK_MASK = (1L << KIND_SHIFT) - 1;
    private static final int LENGTH_OFFSET = 8;
    private static final int DATA_OFFSET = 12;

    private ExtentEntry() {}

    /** Writes an entry. */
    public static void encode(
            final MemorySegment segment,
            final long offset,
            final int kind,
            final long block,
            final int length,
            final int dataBlock) {
        Layouts.putLong(segment, offset, (long) kind << KIND_SHIFT | block);
        Layouts.putInt(segment, offset + LENGTH_OFFSET, length);
        Layouts.putInt(segment, offset + DATA_OFFSET, dataBlock);
    }

    /** Makes a data entry longer by so many blocks. */
    public static void extend(final MemorySegment segment, final long offset, final int blocks) {
        Layouts.putInt(segment, offset + LENGTH_OFFSET, length(segment, offset) + blocks);
    }

    /** {@link #DATA} or {@link #TRIM}. */
    public static int kind(final MemorySegment segment, final long offset) {
        return (int) (Layouts.getLong(segment, offset) >>> KIND_SHIFT);
    }

    /** First block of the volume. */
    public static long block(final MemorySegment segment, final long offset) {
        return Layouts.getLong(segment, offset) & BLOCK_MASK;
    }

    /** Length in blocks. */
    public static int length(final MemorySegment segment, final long offset) {
        return Layouts.getInt(segment, offset + LENGTH_OFFSET);
    }

    /** First data block. */
    public static int dataBlock(final MemorySegment segment, final long offset) {
        return Layouts.getInt(segment, offset + DATA_OFFSET);
    }

    /**
     * Checks a list of entries of a valid checksum all the same: kinds known, blocks that a map can hold, lengths positive, data
     * contiguous and complete.
     */
    static boolean areConsistent(
            final MemorySegment segment, final long offset, final int count, final int dataBlocks) {
        long next = 0;
        for (int i = 0; i < count; i++) {
            final long entry = offset + (long) i * LENGTH;
            final int kind = kind(segment, entry);
            final int length = length(segment, entry);
            if (kind > NOTE || length <= 0 || block(segment, entry) + length > Blocks.MAX_COUNT) {
                return false;
            }
            if (kind != TRIM) {
                if (dataBlock(segment, entry) != next) {
                    return false;
                }
                next += length;
            }
        }
        return next == dataBlocks;
    }
}

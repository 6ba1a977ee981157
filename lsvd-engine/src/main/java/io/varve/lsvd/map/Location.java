package io.varve.lsvd.map;

import io.varve.lsvd.format.ObjectHeader;

/**
 * Where a run of blocks is kept, as one number: in the local log, by the block's position there (not wrapped), or in an
 * object, by the object's sequence and the index of the data block. Adding n to a location gives that of the nth block
 * behind it in the same record or object.
 */
public final class Location {
    /** Greatest number of data blocks in an object. */
    public static final int MAX_OBJECT_BLOCKS = ObjectHeader.MAX_BLOCKS;

    /**
     * Greatest sequence of an object: as many objects of 8 MiB as a writer of 3 GB/s makes in a century. Nothing is written behind it,
     * for what is mapped there would be taken for the log.
     */
    public static final long MAX_SEQUENCE = (1L << 40) - 1;

    private static final int BLOCK_BITS = 23;
    private static final long LOG = 1L << 63;

    private Location() {}

    /** A block of the log, by its position in blocks, which is below 2^51: a log's position in bytes is below 2^63. */
    public static long inLog(final long positionBlocks) {
        return LOG | positionBlocks;
    }

    /**
     * A data block of an object.
     *
     * @throws IllegalArgumentException when sequence or block is out of range.
     */
    public static long inObject(final long sequence, final int block) {
        if ((sequence & ~MAX_SEQUENCE | block & ~MAX_OBJECT_BLOCKS) != 0) {
            throw new IllegalArgumentException("no place for block " + block + " of object " + sequence);
        }
        return sequence << BLOCK_BITS | block;
    }

    /** Whether the place is in the local log. */
    public static boolean isLog(final long location) {
        return location < 0;
    }

    /** Position in the log, in blocks. */
    public static long logPosition(final long location) {
        return location & ~LOG;
    }

    /** Sequence of the object. */
    public static long sequence(final long location) {
        return location >>> BLOCK_BITS;
    }

    /** Index of the data block in the object. */
    public static int block(final long location) {
        return (int) location & MAX_OBJECT_BLOCKS;
    }
}

package io.varve.lsvd.cache;

import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.map.Location;

/**
 * The unit of the cache: a run of {@value #BLOCKS} data blocks of one object, aligned, shorter only at the object's end. Its
 * number is that of its first block's {@link Location} in lines.
 */
public final class CacheLine {
    /** Blocks of a line. */
    public static final int BLOCKS = 16;

    /** Size of a line in bytes. */
    public static final int LENGTH = BLOCKS * Blocks.SIZE;

    private static final int SHIFT = 4;

    private CacheLine() {}

    /** The number of the line that holds a data block of an object. */
    public static long of(final long location) {
        return location >>> SHIFT;
    }

    /** Sequence of the object that a line belongs to. */
    public static long sequence(final long line) {
        return Location.sequence(line << SHIFT);
    }

    /** The location of a line's first block. */
    public static long location(final long line) {
        return line << SHIFT;
    }

    /** A data block's place in its line. */
    public static int place(final long location) {
        return (int) location & BLOCKS - 1;
    }

    /** A run of places in a line, as bits. */
    public static int mask(final int first, final int count) {
        return (1 << count) - 1 << first;
    }
}

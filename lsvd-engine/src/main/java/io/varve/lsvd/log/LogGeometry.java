package io.varve.lsvd.log;

import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.format.Superblock;

/**
 * The measures of a log.
 *
 * @param areaLength   length of the log area in bytes: a multiple of {@code windowLength}.
 * @param windowLength length in bytes of the part kept in memory; a power of two. No record straddles a multiple of it.
 */
public record LogGeometry(long areaLength, int windowLength) {
    /** Least length of a window in bytes. */
    public static final int MIN_WINDOW = 256 << 10;

    /** Greatest length of a window in bytes. */
    public static final int MAX_WINDOW = 64 << 20;

    /** Least length of an area, in windows: fewer leave no room for reuse beside what is in flight. */
    public static final int MIN_WINDOWS = 4;

    /** Checks the measures. */
    public LogGeometry {
        if (!isPossible(areaLength, windowLength)) {
            throw new IllegalArgumentException("no log of " + areaLength + " bytes with a window of " + windowLength);
        }
    }

    /** Whether a log can have such measures. */
    static boolean isPossible(final long areaLength, final int windowLength) {
        return windowLength >= MIN_WINDOW
                && windowLength <= MAX_WINDOW
                && Integer.bitCount(windowLength) == 1
                && areaLength % windowLength == 0
                && areaLength / windowLength >= MIN_WINDOWS;
    }

    /** The measures of a log that takes at most so many bytes, or the least that is possible. */
    public static LogGeometry ofSize(final long bytes) {
        int window = MAX_WINDOW;
        while (window > MIN_WINDOW && bytes / window < 8) {
            window >>= 1;
        }
        final long windows = Math.max(MIN_WINDOWS, (bytes - Superblock.AREA_OFFSET) / window);
        return new LogGeometry(windows * window, window);
    }

    /** Length of the file in bytes. */
    public long fileLength() {
        return Superblock.AREA_OFFSET + areaLength;
    }

    /** Place in the file of a position. */
    public long fileOffset(final long position) {
        return Superblock.AREA_OFFSET + position % areaLength;
    }

    /** Place in the window of a position. */
    public int windowOffset(final long position) {
        return (int) position & windowLength - 1;
    }

    /** Bytes from a position to the next multiple of the window's length. */
    public int leftInWindow(final long position) {
        return windowLength - windowOffset(position);
    }

    /** The index that stands for a block of the log area, from a position in blocks. */
    public long blockIndex(final long positionBlocks) {
        return positionBlocks % (areaLength >>> Blocks.SHIFT);
    }
}

package io.varve.lsvd.format;

/** The unit in which volumes are kept: mapped, logged and checksummed. */
public final class Blocks {
    /** Size of a block in bytes. */
    public static final int SIZE = 4096;

    /** Base-2 logarithm of {@link #SIZE}. */
    public static final int SHIFT = 12;

    /** Greatest size of a volume, in bytes: 64 TiB. */
    public static final long MAX_VOLUME_SIZE = 64L << 40;

    /** What the size of a volume is a multiple of, in bytes. */
    public static final int SECTOR_SIZE = 512;

    /** Number of blocks that can be numbered: more than any volume has. */
    public static final long MAX_COUNT = 1L << 39;

    private Blocks() {}

    /** The number of blocks that hold so many bytes. */
    public static long count(final long bytes) {
        return (bytes + SIZE - 1) >>> SHIFT;
    }

    /** Rounds up to what the size of a volume is a multiple of. */
    public static long alignToSector(final long bytes) {
        return (bytes + SECTOR_SIZE - 1) & -SECTOR_SIZE;
    }

    /** Rounds up to a multiple of {@link #SIZE}. */
    public static long align(final long bytes) {
        return (bytes + SIZE - 1) & -SIZE;
    }
}

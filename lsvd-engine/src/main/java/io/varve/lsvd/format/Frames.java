package io.varve.lsvd.format;

/** The pieces in which an object's payload is stored, each by itself: as long as a line of the read cache. */
public final class Frames {
    /** Length of a frame in bytes, but for an object's last one, which may be shorter. */
    public static final int SIZE = 64 << 10;

    /** Data blocks in a frame. */
    public static final int BLOCKS = SIZE / Blocks.SIZE;

    private Frames() {}

    /** The number of frames that hold so many bytes. */
    public static int count(final long bytes) {
        return Math.toIntExact((bytes + SIZE - 1) / SIZE);
    }

    /** Length in bytes of one frame of so many bytes. */
    public static int length(final int frame, final long bytes) {
        return (int) Math.min(SIZE, bytes - (long) frame * SIZE);
    }
}

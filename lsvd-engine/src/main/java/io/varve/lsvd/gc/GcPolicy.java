package io.varve.lsvd.gc;

/**
 * How much garbage a volume may hold in the store before it is collected. Both limits hold: what is stored is kept below the lower
 * of the two.
 *
 * @param space   greatest size of all objects, as a multiple of the volume's size; at least 1.05.
 * @param garbage greatest part of what is stored that is not live, from 0.05 to 0.95; counts from {@link #FLOOR_BYTES} on.
 * @param rate    bytes a second that collection reads and writes at most; 0 for no limit.
 */
public record GcPolicy(double space, double garbage, long rate) {
    /** Garbage that is no matter however small a volume's data is, in bytes. */
    public static final long FLOOR_BYTES = 256L << 20;

    /** What is set unless told otherwise. */
    public static final GcPolicy DEFAULT = new GcPolicy(1.3, 0.5, 0);

    /** Least {@link #space()}. */
    public static final double MIN_SPACE = 1.05;

    /** Greatest {@link #space()}: none that is ever reached. */
    public static final double MAX_SPACE = 1000;

    /** Least {@link #garbage()}. */
    public static final double MIN_GARBAGE = 0.05;

    /** Greatest {@link #garbage()}. */
    public static final double MAX_GARBAGE = 0.95;

    /** Checks the ranges. */
    public GcPolicy {
        if (!(space >= MIN_SPACE && space <= MAX_SPACE)
                || !(garbage >= MIN_GARBAGE && garbage <= MAX_GARBAGE)
                || rate < 0) {
            throw new IllegalArgumentException("no policy: " + space + ", " + garbage + ", " + rate);
        }
    }

    /**
     * How many bytes may be stored.
     *
     * @param sizeBytes the volume's size.
     * @param liveBytes what of it is mapped, as it is stored.
     */
    public long limit(final long sizeBytes, final long liveBytes) {
        final double bySpace = space * sizeBytes;
        final double byGarbage = liveBytes / (1 - garbage) + FLOOR_BYTES;
        return (long) Math.min(bySpace, byGarbage);
    }
}

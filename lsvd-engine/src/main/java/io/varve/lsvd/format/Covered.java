package io.varve.lsvd.format;

/**
 * How far a volume's objects reach into what its guest did: all log records before an end, and whether the guest had its
 * write cache on then.
 *
 * @param logEnd       where the first record stands that they do not cover; its position is 0 when that is not known. The position is
 *                     one in the log of whoever wrote the newest of the objects.
 * @param isWriteCache whether the write cache was on behind the last record that is covered.
 */
public record Covered(Superblock.Tail logEnd, boolean isWriteCache) {
    /** Covers everything up to a record, of which only the sequence is known. */
    public static Covered through(final long lastRecord, final boolean isWriteCache) {
        return new Covered(new Superblock.Tail(0, lastRecord + 1, 0), isWriteCache);
    }

    /** Sequence of the last log record that is covered. */
    public long lastRecord() {
        return logEnd.sequence() - 1;
    }

    /** Whether it is known where the first record stands that is not covered. */
    public boolean isPlaceKnown() {
        return logEnd.position() > 0;
    }

    /** The same log with another write cache. */
    public Covered withWriteCache(final boolean value) {
        return new Covered(logEnd, value);
    }
}

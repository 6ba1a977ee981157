package io.varve.launcher.torture;

/** A write or trim of a run of sectors, and when it was submitted and completed, by the clock of its {@link DiskHistory}. */
final class Operation {
    static final long NEVER = Long.MAX_VALUE;

    private final long stamp;
    private final int sector;
    private final int count;
    private final long submitted;
    private long completed = NEVER;

    Operation(final long stamp, final int sector, final int count, final long submitted) {
        this.stamp = stamp;
        this.sector = sector;
        this.count = count;
        this.submitted = submitted;
    }

    /** What its sectors hold: a number of its own, or 0 for a trim. */
    long stamp() {
        return stamp;
    }

    /** The first one. */
    int sector() {
        return sector;
    }

    /** How many. */
    int count() {
        return count;
    }

    /** When it was submitted. */
    long submitted() {
        return submitted;
    }

    /** When it completed, or {@link #NEVER}. */
    long completed() {
        return completed;
    }

    boolean isTrim() {
        return stamp == 0;
    }

    void complete(final long now) {
        completed = now;
    }

    @Override
    public String toString() {
        return (isTrim() ? "trim" : "write " + stamp) + " of sectors " + sector + " + " + count + ", submitted at "
                + submitted + (completed == NEVER ? ", not completed" : ", completed at " + completed);
    }
}

package io.varve.launcher.torture;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;

/** A write or trim of a run of sectors, and when it was submitted and completed, by the clock of its {@link DiskHistory}. */
public final class Operation {
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

    void save(final DataOutput out) throws IOException {
        out.writeLong(stamp);
        out.writeInt(sector);
        out.writeInt(count);
        out.writeLong(submitted);
        out.writeLong(completed);
    }

    static Operation load(final DataInput in) throws IOException {
        final Operation operation = new Operation(in.readLong(), in.readInt(), in.readInt(), in.readLong());
        operation.completed = in.readLong();
        return operation;
    }

    /** What its sectors hold: a number of its own, or 0 for a trim. */
    public long stamp() {
        return stamp;
    }

    /** The first one. */
    public int sector() {
        return sector;
    }

    /** How many. */
    public int count() {
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

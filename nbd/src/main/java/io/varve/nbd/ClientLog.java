package io.varve.nbd;

import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/** Tells of clients that break the protocol, in bounds: they could cause lines without end. The reactor's. */
final class ClientLog {
    /** Most lines at once. */
    static final int BURST = 10;

    /** After how long there may be one line more, in nanoseconds. */
    static final long REFILL_NS = TimeUnit.MINUTES.toNanos(1);

    private static final System.Logger LOGGER = System.getLogger("nbd");

    private final String name;
    private final LongSupplier nanoClock;
    private int allowed = BURST;
    private long refilledNs;
    private long leftOut;

    ClientLog(final String name, final LongSupplier nanoClock) {
        this.name = name;
        this.nanoClock = nanoClock;
        refilledNs = nanoClock.getAsLong();
    }

    /** Tells of what a client did; the line is one of few, or not told. */
    void warn(final String peer, final String what) {
        final long refills = (nanoClock.getAsLong() - refilledNs) / REFILL_NS;
        refilledNs += refills * REFILL_NS;
        allowed = (int) Math.min(BURST, allowed + refills);
        if (allowed == 0) {
            leftOut++;
            return;
        }
        allowed--;
        LOGGER.log(
                System.Logger.Level.WARNING,
                () -> "volume '" + name + "': NBD client " + (peer == null ? "" : "(" + peer + ") ") + what
                        + (leftOut == 0 ? "" : "; " + leftOut + " lines were left out"));
        leftOut = 0;
    }
}

package io.varve.lsvd.runtime;

import java.lang.System.Logger.Level;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Lines about what may happen again and again, such as reads of a missing object: the first at once, then one a minute at most, which says
 * how many were left out. One thread's.
 */
public final class SeldomLines {
    private static final long PERIOD_NS = TimeUnit.MINUTES.toNanos(1);

    private final System.Logger logger;
    private final LongSupplier clockNs;
    private long toldAtNs;
    private long leftOut = -1;

    /** Makes one for a logger. */
    public SeldomLines(final System.Logger logger) {
        this(logger, System::nanoTime);
    }

    SeldomLines(final System.Logger logger, final LongSupplier clockNs) {
        this.logger = logger;
        this.clockNs = clockNs;
    }

    /** Logs a line, unless there was one lately. */
    public void log(final Level level, final String line) {
        final long nowNs = clockNs.getAsLong();
        if (leftOut >= 0 && nowNs - toldAtNs < PERIOD_NS) {
            leftOut++;
            return;
        }
        logger.log(level, "{0}{1}", line, leftOut > 0 ? "; " + leftOut + " such lines were left out before" : "");
        toldAtNs = nowNs;
        leftOut = 0;
    }
}

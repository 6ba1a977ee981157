package io.varve.lsvd.write;

import io.varve.lsvd.destage.BatchCutter;
import io.varve.lsvd.log.LogWriter;
import java.lang.System.Logger.Level;
import java.util.function.LongSupplier;

/**
 * Brings a log back, on the reactor, whose device has failed to write or to sync. What the device holds is unsure then, and another
 * sync may lie, so nothing is acknowledged until the store has everything that the log was given, and the superblock's tail stands
 * behind it, written and synced anew. Then the log goes on there. While the store is away, that waits; a superblock that can't
 * be written is tried {@value #TRIES} times, a second apart, before the log has failed for good.
 */
public final class LogMender {
    private static final System.Logger LOG = System.getLogger(LogMender.class.getName());
    private static final int TRIES = 5;
    private static final long RETRY_NS = 1_000_000_000L;

    private final String name;
    private final LogWriter log;
    private final BatchCutter cutter;
    private final AcknowledgementGate gate;
    private final LogReclaimer reclaimer;
    private final LongSupplier clockNs;
    private boolean isTold;
    private boolean isSecuring;
    private int tries;
    private long retryAtNs;

    /** Makes a mender. */
    public LogMender(
            final String name,
            final LogWriter log,
            final BatchCutter cutter,
            final AcknowledgementGate gate,
            final LogReclaimer reclaimer,
            final LongSupplier clockNs) {
        this.name = name;
        this.log = log;
        this.cutter = cutter;
        this.gate = gate;
        this.reclaimer = reclaimer;
        this.clockNs = clockNs;
    }

    /** Goes on; returns an amount of work. */
    public int doWork() {
        if (!log.isUnsure() || log.failure() != 0) {
            return 0;
        }
        if (!isTold) {
            isTold = true;
            LOG.log(
                    Level.WARNING,
                    "volume ''{0}'': the local log failed with errno {1}; writes wait until the store has what it was"
                            + " given",
                    name,
                    Integer.toString(log.trouble()));
        }
        if (!log.isSettled() || !reclaimer.isIdle()) {
            return 0;
        }
        if (isSecuring) {
            endSecuring();
            return 1;
        }
        cutter.cut();
        if (gate.storedSequence() < log.lastDataSequence() || clockNs.getAsLong() - retryAtNs < 0) {
            return 0;
        }
        isSecuring = true;
        reclaimer.secure(log.end());
        return 1;
    }

    /** Nanoseconds until there is something to do, as far as that depends on time alone, or {@link Long#MAX_VALUE}. */
    public long dueInNs() {
        return log.isUnsure() && tries > 0 ? Math.max(1, retryAtNs - clockNs.getAsLong()) : Long.MAX_VALUE;
    }

    private void endSecuring() {
        isSecuring = false;
        if (reclaimer.isSecuredTo(log.end())) {
            tries = 0;
            isTold = false;
            LOG.log(Level.INFO, "volume ''{0}'': the local log goes on", name);
            log.resume();
        } else if (++tries == TRIES) {
            log.fail(log.trouble());
        } else {
            retryAtNs = clockNs.getAsLong() + RETRY_NS;
        }
    }
}

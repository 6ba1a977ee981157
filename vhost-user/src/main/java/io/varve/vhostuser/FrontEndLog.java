package io.varve.vhostuser;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Tells of front-ends and guests of one disk, over all its sessions, and in bounds: they could cause lines without end. A line that was
 * told is not told again for {@link #REPEAT_NS}; of others there are {@link #BURST} at once, and one more for each {@link #REFILL_NS}
 * since. What is left out is counted, and the next line says how many. The reactor's.
 */
final class FrontEndLog {
    /** How long a line is not repeated, in nanoseconds. */
    static final long REPEAT_NS = TimeUnit.MINUTES.toNanos(10);

    /** Most lines at once. */
    static final int BURST = 10;

    /** After how long there may be one line more, in nanoseconds. */
    static final long REFILL_NS = TimeUnit.MINUTES.toNanos(1);

    private static final Logger LOGGER = System.getLogger("vhost-user");

    private final String name;
    private final LongSupplier nanoClock;

    /** When the last lines were told, the oldest first; as many as there may be within {@link #REPEAT_NS}. */
    private final Map<String, Long> told = new LinkedHashMap<>();

    private int allowed = BURST;
    private long refilledNs;
    private long leftOut;

    /**
     * Tells of a disk.
     *
     * @param name      of the disk.
     * @param nanoClock as {@link System#nanoTime()}.
     */
    FrontEndLog(final String name, final LongSupplier nanoClock) {
        this.name = name;
        this.nanoClock = nanoClock;
        refilledNs = nanoClock.getAsLong();
    }

    /** Tells of what is wrong. */
    void warn(final String what) {
        tell(Level.WARNING, what, "");
    }

    /**
     * Tells of what is wrong.
     *
     * @param detail follows, and does not make it another line.
     */
    void warn(final String what, final String detail) {
        tell(Level.WARNING, what, detail);
    }

    /** Tells of what is as it should be. */
    void info(final String what) {
        tell(Level.INFO, what, "");
    }

    private void tell(final Level level, final String what, final String detail) {
        final long nowNs = nanoClock.getAsLong();
        final long refill = (nowNs - refilledNs) / REFILL_NS;
        refilledNs += refill * REFILL_NS;
        allowed = (int) Math.min(BURST, allowed + refill);
        told.values().removeIf(toldNs -> nowNs - toldNs >= REPEAT_NS);
        if (allowed == 0 || told.containsKey(what)) {
            leftOut++;
            return;
        }
        allowed--;
        told.put(what, nowNs);
        LOGGER.log(
                level, name + ": " + what + detail + (leftOut == 0 ? "" : " (lines left out before: " + leftOut + ")"));
        leftOut = 0;
    }
}

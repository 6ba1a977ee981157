package io.varve.launcher.daemon;

import io.varve.linux.IoRing;
import io.varve.linux.TimeSlice;
import java.util.function.BooleanSupplier;

/**
 * The loop of the reactor thread: it turns the ring and its duties while there is work, goes on polling for a while after
 * the last, then asks to be notified, looks once more, and sleeps in the ring. Guests wait for it, so its thread has a short {@link TimeSlice}.
 */
public final class Reactor {
    /** Longest sleep, in case a wake-up is missed for all that. */
    static final long MAX_SLEEP_NS = 1_000_000_000;

    /** What lives on the reactor thread, beside the ring. */
    public interface Duties {
        /** One cycle of all. Returns the amount of work done. */
        int doWork();

        /**
         * Asks that whatever comes next completes something on the ring.
         *
         * @return true when something has come already, or can only be polled.
         */
        boolean armNotifications();

        /** Takes that back: there is polling again. */
        void disarmNotifications();

        /** How long the reactor may sleep, in nanoseconds, above 0, before something depends on time alone. */
        long maxIdleNs();
    }

    private final IoRing ring;
    private final Duties duties;
    private final long pollNs;

    /**
     * Makes a reactor.
     *
     * @param pollNs how long to poll after the last work.
     */
    public Reactor(final IoRing ring, final Duties duties, final long pollNs) {
        this.ring = ring;
        this.duties = duties;
        this.pollNs = pollNs;
    }

    /**
     * Runs until told to end.
     *
     * @param ended looked at in each cycle; whoever makes it true from another thread {@linkplain IoRing#wakeUp() wakes}
     *              the ring.
     */
    public void runUntil(final BooleanSupplier ended) {
        TimeSlice.set(TimeSlice.SHORTEST_NS);
        boolean isIdle = false;
        long idleSinceNs = 0;
        while (!ended.getAsBoolean()) {
            if (ring.turn(0) + duties.doWork() > 0) {
                isIdle = false;
                continue;
            }
            final long nowNs = System.nanoTime();
            if (!isIdle) {
                isIdle = true;
                idleSinceNs = nowNs;
            }
            if (nowNs - idleSinceNs < pollNs) {
                Thread.onSpinWait();
            } else {
                sleep(ended);
            }
        }
    }

    /** A sleep that brought nothing leaves the reactor idle: the next cycle that finds nothing sleeps again at once. */
    private void sleep(final BooleanSupplier ended) {
        if (!duties.armNotifications() && !ended.getAsBoolean()) {
            ring.turn(Math.min(MAX_SLEEP_NS, duties.maxIdleNs()));
        }
        duties.disarmNotifications();
    }
}

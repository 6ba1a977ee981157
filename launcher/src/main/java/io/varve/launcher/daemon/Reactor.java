package io.varve.launcher.daemon;

import io.varve.block.Duty;
import io.varve.linux.IoRing;
import io.varve.linux.TimeSlice;
import java.util.function.BooleanSupplier;

/**
 * The loop of the reactor thread: it turns the ring and its duty while there is work, goes on polling for a while after
 * the last, then asks to be notified, looks once more, and sleeps in the ring. Guests wait for it, so its thread has a short {@link TimeSlice}.
 */
public final class Reactor {
    /** Longest sleep, in case a wake-up is missed for all that. */
    static final long MAX_SLEEP_NS = 1_000_000_000;

    private final IoRing ring;
    private final Duty duty;
    private final PollWindow window;

    /**
     * Makes a reactor.
     *
     * @param pollNs how long to poll after the last work, at most.
     */
    public Reactor(final IoRing ring, final Duty duty, final long pollNs) {
        this.ring = ring;
        this.duty = duty;
        window = new PollWindow(pollNs);
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
        boolean hasSlept = false;
        long idleSinceNs = 0;
        int answered = 0;
        while (!ended.getAsBoolean()) {
            if (answered + ring.turn(0) + duty.doWork() > 0) {
                if (hasSlept) {
                    window.onWoken(System.nanoTime() - idleSinceNs);
                }
                hasSlept = false;
                isIdle = false;
                answered = 0;
                continue;
            }
            final long nowNs = System.nanoTime();
            if (!isIdle) {
                isIdle = true;
                idleSinceNs = nowNs;
            }
            if (window.isOpen(nowNs - idleSinceNs)) {
                Thread.onSpinWait();
            } else {
                hasSlept = true;
                answered = sleep(ended);
            }
        }
    }

    /** A sleep that brought nothing leaves the reactor idle: the next cycle that finds nothing sleeps again at once. */
    private int sleep(final BooleanSupplier ended) {
        int answered = 0;
        if (!duty.armNotifications() && !ended.getAsBoolean()) {
            answered = ring.turn(Math.min(MAX_SLEEP_NS, duty.maxIdleNs()));
        }
        duty.disarmNotifications();
        return answered;
    }
}

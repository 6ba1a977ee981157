package io.varve.launcher.daemon;

import io.varve.linux.IoRing;
import java.util.function.BooleanSupplier;
import java.util.function.IntSupplier;

/**
 * The loop of the reactor thread: it turns the ring and the duty cycles that live on it while there is work, goes on polling
 * for a while after the last, then asks to be notified, looks once more, and sleeps in the ring.
 */
final class Reactor {
    /** Longest sleep, so that duties that depend on time alone are done. */
    static final long MAX_SLEEP_NS = 100_000_000;

    private final IoRing ring;
    private final IntSupplier duties;
    private final BooleanSupplier armNotifications;
    private final long pollNs;

    /**
     * Makes a reactor.
     *
     * @param duties           one cycle of everything but the ring; its result is a work count.
     * @param armNotifications asks for a wake-up through the ring by whatever comes next; false when something has come
     *                         already.
     * @param pollNs           how long to poll after the last work.
     */
    Reactor(final IoRing ring, final IntSupplier duties, final BooleanSupplier armNotifications, final long pollNs) {
        this.ring = ring;
        this.duties = duties;
        this.armNotifications = armNotifications;
        this.pollNs = pollNs;
    }

    /**
     * Runs until told to end.
     *
     * @param ended looked at in each cycle; whoever makes it true from another thread {@linkplain IoRing#wakeUp() wakes}
     *              the ring.
     */
    void runUntil(final BooleanSupplier ended) {
        boolean idle = false;
        long idleSinceNs = 0;
        while (!ended.getAsBoolean()) {
            if (cycle(0) > 0) {
                idle = false;
                continue;
            }
            final long nowNs = System.nanoTime();
            if (!idle) {
                idle = true;
                idleSinceNs = nowNs;
            }
            if (nowNs - idleSinceNs < pollNs) {
                Thread.onSpinWait();
            } else if (armNotifications.getAsBoolean() && !ended.getAsBoolean()) {
                idle = cycle(MAX_SLEEP_NS) == 0;
                idleSinceNs = nowNs;
            }
        }
    }

    private int cycle(final long waitNs) {
        return ring.turn(waitNs) + duties.getAsInt();
    }
}

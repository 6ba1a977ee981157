package io.varve.linux;

import java.util.concurrent.locks.LockSupport;

/**
 * A thread that nobody waits for: it is {@linkplain Niceness#BACKGROUND nicer} than others, has a {@linkplain TimeSlice#LONG_NS long}
 * time slice, and sleeps for a moment now and then while it computes. The last is for those who have to wait for it all the same:
 * Linux gives a processor to whoever has a claim to it at its next tick, after up to 4 ms, unless the thread that has it goes to
 * sleep before. sched_yield(2) would not do: it gives up a whole slice.
 */
public final class Background {
    /** How long such a thread computes before it sleeps, in nanoseconds: short beside a request that waits for its disk. */
    static final long COMPUTING_NS = 400_000;

    /** How long it sleeps then, in nanoseconds, at least: the kernel adds up to as much again. */
    static final long SLEEP_NS = 50_000;

    private static final ThreadLocal<Background> OF_THREAD = new ThreadLocal<>();

    private long sinceNs = System.nanoTime();

    private Background() {}

    /** Runs something on a thread that becomes a background one by it. */
    public static Runnable task(final Runnable task) {
        return () -> {
            OF_THREAD.set(new Background());
            Niceness.set(Niceness.BACKGROUND);
            TimeSlice.set(TimeSlice.LONG_NS);
            task.run();
        };
    }

    /** Whether the calling thread is one. */
    public static boolean isHere() {
        return OF_THREAD.get() != null;
    }

    /**
     * Lets others have the processor if the calling thread is in the background and has computed for {@value #COMPUTING_NS} ns; otherwise
     * does nothing. For loops that go on for longer, every few microseconds. Not while others wait for something that the thread
     * holds.
     */
    public static void pause() {
        final Background background = OF_THREAD.get();
        if (background != null) {
            background.pauseIfLong();
        }
    }

    private void pauseIfLong() {
        if (System.nanoTime() - sinceNs >= COMPUTING_NS) {
            LockSupport.parkNanos(this, SLEEP_NS);
            sinceNs = System.nanoTime();
        }
    }
}

package io.varve.linux;

/**
 * How a thread shares processors with others, from -20 to 19: the more, the more it lets others go first; 0 unless told otherwise.
 * Linux keeps it for each thread (sched(7), setpriority(2)).
 */
public final class Niceness {
    /** Of threads that nobody waits for: about a quarter of a processor is left to them by a usual one that wants all of it. */
    public static final int BACKGROUND = 5;

    private static final int PRIO_PROCESS = 0;
    private static final int CALLING_THREAD = 0;

    private Niceness() {}

    /** Sets that of the calling thread. It can be raised by anybody; where it can't be changed, it stays as it is. */
    public static void set(final int value) {
        Libc.setpriority(PRIO_PROCESS, CALLING_THREAD, value);
    }

    /** Runs something on its thread at {@link #BACKGROUND}, with a usual time slice, whatever that of the thread that started it is. */
    public static Runnable inBackground(final Runnable task) {
        return () -> {
            set(BACKGROUND);
            TimeSlice.set(TimeSlice.DEFAULT_NS);
            task.run();
        };
    }
}

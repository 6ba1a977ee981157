package io.varve.linux;

/**
 * How a thread shares processors with others, from -20 to 19: the more, the more it lets others go first; 0 unless told otherwise.
 * Linux keeps it for each thread (sched(7), setpriority(2)).
 */
public final class Niceness {
    /**
     * Of threads that nobody waits for: about a tenth of a processor is left to them by a usual one that wants all of it. That is enough to
     * ship some tens of MB a second, and little enough for whoever is woken beside them to go first nearly always.
     */
    public static final int BACKGROUND = 10;

    private static final int PRIO_PROCESS = 0;
    private static final int CALLING_THREAD = 0;

    private Niceness() {}

    /** Sets that of the calling thread. It can be raised by anybody; where it can't be changed, it stays as it is. */
    public static void set(final int value) {
        set(CALLING_THREAD, value);
    }

    /** Sets that of a thread, by the kernel's number for it, and of those that it will start; else as {@link #set(int)}. */
    static void set(final int thread, final int value) {
        Libc.setpriority(PRIO_PROCESS, thread, value);
    }
}

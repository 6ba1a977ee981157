package io.varve.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * How long a thread computes at a time where others want the processor as well (sched_setattr(2); Linux 6.12 and newer heed
 * it for usual threads). One with a short slice does not get more of the processor for it, but gets it sooner: when it is
 * woken, it need not wait until a thread with a longer slice has used that up, which takes some milliseconds.
 */
public final class TimeSlice {
    /** The shortest there is, in nanoseconds: for threads that others wait for, and that sleep often. */
    public static final long SHORTEST_NS = 100_000;

    /**
     * For threads that nobody waits for, in nanoseconds. Whoever is woken on the same processor has a shorter one, a guest's
     * virtual CPUs too, and does not wait for these. Longer would only be worse for those who do not sleep and have to wait for the
     * end of it.
     */
    public static final long LONG_NS = 20_000_000;

    private static final int SIZE = 48;
    private static final int POLICY = 4;
    private static final int RUNTIME = 24;
    private static final int FLAGS = 8;
    private static final int SCHED_OTHER = 0;
    private static final long SCHED_FLAG_RESET_ON_FORK = 1;
    private static final int CALLING_THREAD = 0;

    private TimeSlice() {}

    /** Sets that of the calling thread, not of those that it starts, be it in the kernel. Older kernels, and what keeps programs from calling them, leave it as it is. */
    public static void set(final long ns) {
        set(CALLING_THREAD, ns, true);
    }

    /** Sets that of a thread, by the kernel's number for it, and of those that it will start; else as {@link #set(long)}. */
    static void setWithOffspring(final int thread, final long ns) {
        set(thread, ns, false);
    }

    private static void set(final int thread, final long ns, final boolean isForThisOnly) {
        try (Arena arena = Arena.ofConfined()) {
            final MemorySegment attributes = arena.allocate(SIZE, Long.BYTES);
            if (read(thread, attributes) && attributes.get(ValueLayout.JAVA_INT, POLICY) == SCHED_OTHER) {
                attributes.set(ValueLayout.JAVA_LONG, RUNTIME, ns);
                if (isForThisOnly) {
                    attributes.set(ValueLayout.JAVA_LONG, FLAGS, SCHED_FLAG_RESET_ON_FORK);
                }
                Libc.syscall(Abi.CURRENT.sysSchedSetattr(), thread, attributes.address(), 0, 0, 0, 0);
            }
        }
    }

    /** That of the calling thread, in nanoseconds; 0 where the kernel does not tell. */
    static long get() {
        return get(CALLING_THREAD);
    }

    /** That of a thread, by the kernel's number for it; as {@link #get()}. */
    static long get(final int thread) {
        try (Arena arena = Arena.ofConfined()) {
            final MemorySegment attributes = arena.allocate(SIZE, Long.BYTES);
            return read(thread, attributes) ? attributes.get(ValueLayout.JAVA_LONG, RUNTIME) : 0;
        }
    }

    private static boolean read(final int thread, final MemorySegment attributes) {
        return Libc.syscall(Abi.CURRENT.sysSchedGetattr(), thread, attributes.address(), SIZE, 0, 0, 0) == 0;
    }
}

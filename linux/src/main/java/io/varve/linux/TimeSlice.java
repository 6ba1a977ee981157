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

    /** The kernel's own choice, which a thread does not have by itself when it was started by one with another. */
    public static final long DEFAULT_NS = 0;

    private static final int SIZE = 48;
    private static final int POLICY = 4;
    private static final int RUNTIME = 24;
    private static final int SCHED_OTHER = 0;
    private static final int CALLING_THREAD = 0;

    private TimeSlice() {}

    /** Sets that of the calling thread. Older kernels, and what keeps programs from calling them, leave it as it is. */
    public static void set(final long ns) {
        try (Arena arena = Arena.ofConfined()) {
            final MemorySegment attributes = arena.allocate(SIZE, Long.BYTES);
            if (read(attributes) && attributes.get(ValueLayout.JAVA_INT, POLICY) == SCHED_OTHER) {
                attributes.set(ValueLayout.JAVA_LONG, RUNTIME, ns);
                Libc.syscall(Abi.CURRENT.sysSchedSetattr(), CALLING_THREAD, attributes.address(), 0, 0, 0, 0);
            }
        }
    }

    /** That of the calling thread, in nanoseconds; 0 where the kernel does not tell. */
    static long get() {
        try (Arena arena = Arena.ofConfined()) {
            final MemorySegment attributes = arena.allocate(SIZE, Long.BYTES);
            return read(attributes) ? attributes.get(ValueLayout.JAVA_LONG, RUNTIME) : 0;
        }
    }

    private static boolean read(final MemorySegment attributes) {
        return Libc.syscall(Abi.CURRENT.sysSchedGetattr(), CALLING_THREAD, attributes.address(), SIZE, 0, 0, 0) == 0;
    }
}

package io.varve.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Clocks of the kernel that Java does not show. */
public final class Clocks {
    /** {@code CLOCK_BOOTTIME} (time.h). */
    private static final int CLOCK_BOOTTIME = 7;

    private static final long NS_PER_SECOND = 1_000_000_000;
    private static final int TIMESPEC_SIZE = 16;

    private static final ThreadLocal<MemorySegment> TIMESPEC =
            ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(TIMESPEC_SIZE, Long.BYTES));

    private Clocks() {}

    /**
     * Nanoseconds since the machine was started, with the time that it was suspended, which {@link System#nanoTime()} leaves
     * out. Never set, never goes back. Any thread; costs about as much as {@link System#nanoTime()} and allocates only on a
     * thread's first call.
     */
    public static long bootTimeNs() {
        final MemorySegment timespec = TIMESPEC.get();
        final int result = Libc.clock_gettime(CLOCK_BOOTTIME, timespec.address());
        if (result < 0) {
            throw new IllegalStateException("clock_gettime failed with errno " + -result);
        }
        return timespec.get(ValueLayout.JAVA_LONG, 0) * NS_PER_SECOND + timespec.get(ValueLayout.JAVA_LONG, Long.BYTES);
    }
}

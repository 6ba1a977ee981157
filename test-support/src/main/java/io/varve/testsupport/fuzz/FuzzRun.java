package io.varve.testsupport.fuzz;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;

/** Runs a target on one input and judges what it took. */
final class FuzzRun {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private FuzzRun() {}

    static void run(final FuzzTarget target, final byte[] input) throws Exception {
        final long most = target.mostAllocated(input.length);
        if (allocatedBy(target, input) > most) {
            // What is loaded and made once counts for nothing.
            final long allocated = allocatedBy(target, input);
            if (allocated > most) {
                throw new AssertionError(
                        target.name() + " allocated " + allocated + " bytes for an input of " + input.length);
            }
        }
    }

    private static long allocatedBy(final FuzzTarget target, final byte[] input) throws Exception {
        final long before = THREADS.getCurrentThreadAllocatedBytes();
        target.run(input);
        return THREADS.getCurrentThreadAllocatedBytes() - before;
    }
}

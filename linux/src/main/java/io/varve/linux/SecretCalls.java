package io.varve.linux;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** What {@link SecretMemory} asks of the C library, linked when the first secret is loaded. As {@link Libc}. */
final class SecretCalls {
    private static final MethodHandle MH$mlock = Downcalls.link("mlock", 2);
    private static final MethodHandle MH$prctl = Downcalls.linkVariadic("prctl", 5, 1);

    private SecretCalls() {}

    static int mlock(final long address, final long length) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result((int) (long) MH$mlock.invokeExact(state, address, length), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static int prctl(final int option, final long argument) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result(
                    (int) (long) MH$prctl.invokeExact(state, (long) option, argument, 0L, 0L, 0L), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }
}

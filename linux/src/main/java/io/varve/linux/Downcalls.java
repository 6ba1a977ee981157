package io.varve.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;

/**
 * Links functions of the C library so that their errno is captured.
 *
 * <p>None is linked as critical: a thread that waits in one does not hold up the garbage collector. A call allocates nothing
 * once it is compiled, but for a few bytes on a thread's first.
 */
final class Downcalls {
    private static final Linker LINKER = Linker.nativeLinker();
    private static final StructLayout STATE_LAYOUT = Linker.Option.captureStateLayout();
    private static final VarHandle VH$errno = STATE_LAYOUT.varHandle(MemoryLayout.PathElement.groupElement("errno"));
    private static final ThreadLocal<MemorySegment> STATE =
            ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(STATE_LAYOUT));

    private Downcalls() {}

    /** A function whose first argument becomes the {@link #state()}. */
    static MethodHandle link(final String name, final MemoryLayout result, final MemoryLayout... arguments) {
        return LINKER.downcallHandle(
                symbol(name), FunctionDescriptor.of(result, arguments), Linker.Option.captureCallState("errno"));
    }

    /** The same, of a function that takes a variable number of arguments from {@code firstVariadic} on. */
    static MethodHandle linkVariadic(
            final String name, final int firstVariadic, final MemoryLayout result, final MemoryLayout... arguments) {
        return LINKER.downcallHandle(
                symbol(name),
                FunctionDescriptor.of(result, arguments),
                Linker.Option.captureCallState("errno"),
                Linker.Option.firstVariadicArg(firstVariadic));
    }

    /** A function that can't fail. */
    static MethodHandle linkWithoutErrno(final String name, final MemoryLayout result) {
        return LINKER.downcallHandle(symbol(name), FunctionDescriptor.of(result));
    }

    private static MemorySegment symbol(final String name) {
        return LINKER.defaultLookup()
                .find(name)
                .orElseThrow(() -> new UnsupportedOperationException("the C library has no function " + name));
    }

    /** Where the calling thread's errno goes. */
    static MemorySegment state() {
        return STATE.get();
    }

    /** What a function answered, or the negated errno when that is -1. */
    static int result(final int value, final MemorySegment state) {
        return value == -1 ? -(int) VH$errno.get(state, 0L) : value;
    }

    /** What a function answered, or the negated errno when that is -1. */
    static long result(final long value, final MemorySegment state) {
        return value == -1 ? -(int) VH$errno.get(state, 0L) : value;
    }

    /** What a method handle can't throw, as the compiler does not know. */
    static RuntimeException unexpected(final Throwable t) {
        if (t instanceof final RuntimeException e) {
            throw e;
        }
        if (t instanceof final Error e) {
            throw e;
        }
        throw new AssertionError(t);
    }
}

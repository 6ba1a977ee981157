package io.varve.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.util.Arrays;

/**
 * Links functions of the C library so that their errno is captured.
 *
 * <p>All arguments are passed as 64-bit integers, which on both machines go to the same registers as shorter ones and pointers:
 * so there are few kinds of call to link, and the program starts sooner.
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

    /**
     * A function of {@code arguments} integers or pointers: a method handle that takes the {@link #state()} and as many longs,
     * and answers a long. Of an argument or a result that is an int, the low half counts.
     */
    static MethodHandle link(final String name, final int arguments) {
        return LINKER.downcallHandle(symbol(name), descriptor(arguments), Linker.Option.captureCallState("errno"));
    }

    /** The same, of a function that takes a variable number of arguments from {@code firstVariadic} on. */
    static MethodHandle linkVariadic(final String name, final int arguments, final int firstVariadic) {
        return LINKER.downcallHandle(
                symbol(name),
                descriptor(arguments),
                Linker.Option.captureCallState("errno"),
                Linker.Option.firstVariadicArg(firstVariadic));
    }

    private static FunctionDescriptor descriptor(final int arguments) {
        final MemoryLayout[] layouts = new MemoryLayout[arguments];
        Arrays.fill(layouts, ValueLayout.JAVA_LONG);
        return FunctionDescriptor.of(ValueLayout.JAVA_LONG, layouts);
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

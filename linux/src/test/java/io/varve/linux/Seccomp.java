package io.varve.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/** Makes one system call fail for the calling thread, for good ({@code seccomp(2)}). */
final class Seccomp {
    private static final int PR_SET_SECCOMP = 22;
    private static final int PR_SET_NO_NEW_PRIVS = 38;
    private static final int SECCOMP_MODE_FILTER = 2;
    private static final int SECCOMP_RET_ALLOW = 0x7fff0000;
    private static final int SECCOMP_RET_ERRNO = 0x00050000;
    private static final short BPF_LD_W_ABS = 0x20;
    private static final short BPF_JMP_JEQ_K = 0x15;
    private static final short BPF_RET_K = 0x06;
    private static final int FILTER_SIZE = 8;

    private static final MethodHandle MH$prctl = Linker.nativeLinker()
            .downcallHandle(
                    Linker.nativeLinker().defaultLookup().findOrThrow("prctl"),
                    FunctionDescriptor.of(
                            ValueLayout.JAVA_INT,
                            ValueLayout.JAVA_INT,
                            ValueLayout.JAVA_LONG,
                            ValueLayout.JAVA_LONG,
                            ValueLayout.JAVA_LONG,
                            ValueLayout.JAVA_LONG),
                    Linker.Option.firstVariadicArg(1));

    private Seccomp() {}

    static void refuse(final int systemCall, final int errno) {
        try (Arena arena = Arena.ofConfined()) {
            final long filter = arena.allocate(4 * FILTER_SIZE, 8).address();
            put(filter, 0, BPF_LD_W_ABS, 0, 0, 0);
            put(filter, 1, BPF_JMP_JEQ_K, 0, 1, systemCall);
            put(filter, 2, BPF_RET_K, 0, 0, SECCOMP_RET_ERRNO | errno);
            put(filter, 3, BPF_RET_K, 0, 0, SECCOMP_RET_ALLOW);
            final long program = arena.allocate(16, 8).address();
            Memory.putShort(program, (short) 4);
            Memory.putLong(program + 8, filter);
            prctl(PR_SET_NO_NEW_PRIVS, 1, 0);
            prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program);
        }
    }

    private static void put(
            final long filter, final int index, final short code, final int ifTrue, final int ifFalse, final int k) {
        final long address = filter + (long) index * FILTER_SIZE;
        Memory.putShort(address, code);
        Memory.putByte(address + 2, (byte) ifTrue);
        Memory.putByte(address + 3, (byte) ifFalse);
        Memory.putInt(address + 4, k);
    }

    private static void prctl(final int option, final long first, final long second) {
        final int result;
        try {
            result = (int) MH$prctl.invokeExact(option, first, second, 0L, 0L);
        } catch (final Throwable t) {
            throw new AssertionError(t);
        }
        if (result != 0) {
            throw new AssertionError("prctl failed");
        }
    }
}

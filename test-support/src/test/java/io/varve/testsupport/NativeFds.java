package io.varve.testsupport;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/** Descriptors of kinds that only a hostile front-end has a use for, and the system calls that make them. */
final class NativeFds {
    private static final int CLOCK_MONOTONIC = 1;
    private static final int O_CLOEXEC = 0x80000;
    private static final int MNT_FORCE = 1;
    private static final int MNT_DETACH = 2;

    private static final MethodHandle TIMERFD_CREATE = link("timerfd_create", 2);
    private static final MethodHandle PIPE2 = link("pipe2", 2);
    private static final MethodHandle MOUNT = link("mount", 5);
    private static final MethodHandle UMOUNT2 = link("umount2", 2);
    private static final MethodHandle READ = link("read", 3);
    private static final MethodHandle WRITE = link("write", 3);

    private NativeFds() {}

    private static MethodHandle link(final String name, final int parameters) {
        final ValueLayout[] longs = new ValueLayout[parameters];
        java.util.Arrays.fill(longs, ValueLayout.JAVA_LONG);
        return Linker.nativeLinker()
                .downcallHandle(
                        Linker.nativeLinker().defaultLookup().findOrThrow(name),
                        FunctionDescriptor.of(ValueLayout.JAVA_LONG, longs));
    }

    private static long call(final MethodHandle function, final Object... arguments) {
        try {
            return (long) function.invokeWithArguments(arguments);
        } catch (final Throwable t) {
            throw new AssertionError(t);
        }
    }

    /** A timer that never ends. */
    static int timer() {
        return (int) call(TIMERFD_CREATE, (long) CLOCK_MONOTONIC, (long) O_CLOEXEC);
    }

    /** Both ends of a pipe: reading, writing. */
    static int[] pipe() {
        try (Arena arena = Arena.ofConfined()) {
            final MemorySegment fds = arena.allocate(ValueLayout.JAVA_INT, 2);
            call(PIPE2, fds.address(), (long) O_CLOEXEC);
            return new int[] {fds.get(ValueLayout.JAVA_INT, 0), fds.get(ValueLayout.JAVA_INT, 4)};
        }
    }

    /** Mounts a file system of a type; false when that is not permitted. */
    static boolean mount(final String type, final String target, final String options) {
        try (Arena arena = Arena.ofConfined()) {
            return (int) call(
                            MOUNT,
                            arena.allocateFrom("varve-test").address(),
                            arena.allocateFrom(target).address(),
                            arena.allocateFrom(type).address(),
                            0L,
                            arena.allocateFrom(options).address())
                    == 0;
        }
    }

    /** Unmounts; whoever waits for the file system gets an error. */
    static void unmount(final String target) {
        try (Arena arena = Arena.ofConfined()) {
            final long path = arena.allocateFrom(target).address();
            call(UMOUNT2, path, (long) MNT_FORCE);
            call(UMOUNT2, path, (long) MNT_DETACH);
        }
    }

    /** Reads, waiting; 0 or less at the end. */
    static long read(final int fd, final MemorySegment target) {
        return call(READ, (long) fd, target.address(), target.byteSize());
    }

    static void write(final int fd, final MemorySegment source) throws IOException {
        if (call(WRITE, (long) fd, source.address(), source.byteSize()) != source.byteSize()) {
            throw new IOException("write");
        }
    }
}

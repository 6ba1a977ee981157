package io.varve.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * Functions of the C library, one method each, named and documented as in their manual pages (sections 2 and 3).
 *
 * <p>A method answers what the function does, or the negated errno where that answers -1. Pointers are plain addresses.
 * Any thread. What all calls have in common is told at {@link Downcalls}.
 */
final class Libc {
    private static final MethodHandle MH$open =
            Downcalls.linkVariadic("open", 2, JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_INT);
    private static final MethodHandle MH$close = Downcalls.link("close", JAVA_INT, JAVA_INT);
    private static final MethodHandle MH$fcntl =
            Downcalls.linkVariadic("fcntl", 2, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG);
    private static final MethodHandle MH$fstat = Downcalls.link("fstat", JAVA_INT, JAVA_INT, JAVA_LONG);
    private static final MethodHandle MH$fstatfs = Downcalls.link("fstatfs", JAVA_INT, JAVA_INT, JAVA_LONG);
    private static final MethodHandle MH$ftruncate = Downcalls.link("ftruncate", JAVA_INT, JAVA_INT, JAVA_LONG);
    private static final MethodHandle MH$fallocate =
            Downcalls.link("fallocate", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle MH$fsync = Downcalls.link("fsync", JAVA_INT, JAVA_INT);
    private static final MethodHandle MH$fdatasync = Downcalls.link("fdatasync", JAVA_INT, JAVA_INT);
    private static final MethodHandle MH$fchmod = Downcalls.link("fchmod", JAVA_INT, JAVA_INT, JAVA_INT);
    private static final MethodHandle MH$chmod = Downcalls.link("chmod", JAVA_INT, JAVA_LONG, JAVA_INT);
    private static final MethodHandle MH$link = Downcalls.link("link", JAVA_INT, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle MH$rename = Downcalls.link("rename", JAVA_INT, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle MH$unlink = Downcalls.link("unlink", JAVA_INT, JAVA_LONG);
    private static final MethodHandle MH$write = Downcalls.link("write", JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle MH$pread =
            Downcalls.link("pread", JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle MH$pwrite =
            Downcalls.link("pwrite", JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle MH$preadv2 =
            Downcalls.link("preadv2", JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT);
    private static final MethodHandle MH$eventfd = Downcalls.link("eventfd", JAVA_INT, JAVA_INT, JAVA_INT);
    private static final MethodHandle MH$memfd_create = Downcalls.link("memfd_create", JAVA_INT, JAVA_LONG, JAVA_INT);
    private static final MethodHandle MH$mmap =
            Downcalls.link("mmap", JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG);
    private static final MethodHandle MH$munmap = Downcalls.link("munmap", JAVA_INT, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle MH$syscall = Downcalls.linkVariadic(
            "syscall", 1, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle MH$getpagesize = Downcalls.linkWithoutErrno("getpagesize", JAVA_INT);

    private Libc() {}

    static int getpagesize() {
        try {
            return (int) MH$getpagesize.invokeExact();
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static int open(final long path, final int flags, final int mode) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result((int) MH$open.invokeExact(state, path, flags, mode), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static int close(final int fd) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result((int) MH$close.invokeExact(state, fd), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static int fcntl(final int fd, final int command, final long argument) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result((int) MH$fcntl.invokeExact(state, fd, command, argument), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static int fstat(final int fd, final long stat) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result((int) MH$fstat.invokeExact(state, fd, stat), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static int fstatfs(final int fd, final long statfs) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result((int) MH$fstatfs.invokeExact(state, fd, statfs), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static int ftruncate(final int fd, final long length) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result((int) MH$ftruncate.invokeExact(state, fd, length), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static int fallocate(final int fd, final int mode, final long offset, final long length) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result((int) MH$fallocate.invokeExact(state, fd, mode, offset, length), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static int fsync(final int fd) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result((int) MH$fsync.invokeExact(state, fd), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static int fdatasync(final int fd) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result((int) MH$fdatasync.invokeExact(state, fd), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static int fchmod(final int fd, final int mode) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result((int) MH$fchmod.invokeExact(state, fd, mode), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static int chmod(final long path, final int mode) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result((int) MH$chmod.invokeExact(state, path, mode), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static int link(final long target, final long path) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result((int) MH$link.invokeExact(state, target, path), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static int rename(final long from, final long to) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result((int) MH$rename.invokeExact(state, from, to), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static int unlink(final long path) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result((int) MH$unlink.invokeExact(state, path), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static long write(final int fd, final long address, final long length) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result((long) MH$write.invokeExact(state, fd, address, length), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static long pread(final int fd, final long address, final long length, final long offset) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result((long) MH$pread.invokeExact(state, fd, address, length, offset), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static long pwrite(final int fd, final long address, final long length, final long offset) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result((long) MH$pwrite.invokeExact(state, fd, address, length, offset), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static long preadv2(final int fd, final long iov, final int count, final long offset, final int flags) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result((long) MH$preadv2.invokeExact(state, fd, iov, count, offset, flags), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static int eventfd(final int initial, final int flags) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result((int) MH$eventfd.invokeExact(state, initial, flags), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static int memfd_create(final long name, final int flags) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result((int) MH$memfd_create.invokeExact(state, name, flags), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static long mmap(
            final long address,
            final long length,
            final int protection,
            final int flags,
            final int fd,
            final long offset) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result(
                    (long) MH$mmap.invokeExact(state, address, length, protection, flags, fd, offset), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static int munmap(final long address, final long length) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result((int) MH$munmap.invokeExact(state, address, length), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static long syscall(
            final long number, final long a, final long b, final long c, final long d, final long e, final long f) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result((long) MH$syscall.invokeExact(state, number, a, b, c, d, e, f), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }
}

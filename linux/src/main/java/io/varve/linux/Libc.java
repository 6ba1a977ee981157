package io.varve.linux;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * Functions of the C library, one method each, named and documented as in their manual pages (sections 2 and 3).
 *
 * <p>A method answers what the function does, or the negated errno where that answers -1. Pointers are plain addresses.
 * Any thread. What all calls have in common is told at {@link Downcalls}.
 */
final class Libc {
    private static final MethodHandle MH$open = Downcalls.linkVariadic("open", 3, 2);
    private static final MethodHandle MH$close = Downcalls.link("close", 1);
    private static final MethodHandle MH$fcntl = Downcalls.linkVariadic("fcntl", 3, 2);
    private static final MethodHandle MH$fstat = Downcalls.link("fstat", 2);
    private static final MethodHandle MH$fstatfs = Downcalls.link("fstatfs", 2);
    private static final MethodHandle MH$ftruncate = Downcalls.link("ftruncate", 2);
    private static final MethodHandle MH$fallocate = Downcalls.link("fallocate", 4);
    private static final MethodHandle MH$posix_fadvise = Downcalls.link("posix_fadvise", 4);
    private static final MethodHandle MH$fsync = Downcalls.link("fsync", 1);
    private static final MethodHandle MH$fdatasync = Downcalls.link("fdatasync", 1);
    private static final MethodHandle MH$flock = Downcalls.link("flock", 2);
    private static final MethodHandle MH$fchmod = Downcalls.link("fchmod", 2);
    private static final MethodHandle MH$chmod = Downcalls.link("chmod", 2);
    private static final MethodHandle MH$link = Downcalls.link("link", 2);
    private static final MethodHandle MH$rename = Downcalls.link("rename", 2);
    private static final MethodHandle MH$unlink = Downcalls.link("unlink", 1);
    private static final MethodHandle MH$write = Downcalls.link("write", 3);
    private static final MethodHandle MH$pread = Downcalls.link("pread", 4);
    private static final MethodHandle MH$pwrite = Downcalls.link("pwrite", 4);
    private static final MethodHandle MH$lseek = Downcalls.link("lseek", 3);
    private static final MethodHandle MH$preadv2 = Downcalls.link("preadv2", 5);
    private static final MethodHandle MH$eventfd = Downcalls.link("eventfd", 2);
    private static final MethodHandle MH$memfd_create = Downcalls.link("memfd_create", 2);
    private static final MethodHandle MH$mmap = Downcalls.link("mmap", 6);
    private static final MethodHandle MH$munmap = Downcalls.link("munmap", 2);
    private static final MethodHandle MH$madvise = Downcalls.link("madvise", 3);
    private static final MethodHandle MH$syscall = Downcalls.linkVariadic("syscall", 7, 1);
    private static final MethodHandle MH$getpagesize = Downcalls.link("getpagesize", 0);
    private static final MethodHandle MH$clock_gettime = Downcalls.link("clock_gettime", 2);
    private static final MethodHandle MH$getpriority = Downcalls.link("getpriority", 2);
    private static final MethodHandle MH$setpriority = Downcalls.link("setpriority", 3);

    private Libc() {}

    static int clock_gettime(final int clock, final long timespec) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result((int) (long) MH$clock_gettime.invokeExact(state, (long) clock, timespec), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static int getpriority(final int which, final int who) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result((int) (long) MH$getpriority.invokeExact(state, (long) which, (long) who), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static int setpriority(final int which, final int who, final int value) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result(
                    (int) (long) MH$setpriority.invokeExact(state, (long) which, (long) who, (long) value), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static long lseek(final int fd, final long offset, final int whence) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result((long) MH$lseek.invokeExact(state, (long) fd, offset, (long) whence), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static int getpagesize() {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result((int) (long) MH$getpagesize.invokeExact(state), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static int open(final long path, final int flags, final int mode) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result((int) (long) MH$open.invokeExact(state, path, (long) flags, (long) mode), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static int close(final int fd) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result((int) (long) MH$close.invokeExact(state, (long) fd), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static int fcntl(final int fd, final int command, final long argument) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result(
                    (int) (long) MH$fcntl.invokeExact(state, (long) fd, (long) command, argument), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static int fstat(final int fd, final long stat) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result((int) (long) MH$fstat.invokeExact(state, (long) fd, stat), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static int fstatfs(final int fd, final long statfs) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result((int) (long) MH$fstatfs.invokeExact(state, (long) fd, statfs), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static int ftruncate(final int fd, final long length) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result((int) (long) MH$ftruncate.invokeExact(state, (long) fd, length), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    /** Answers the error itself, as the function does. */
    static int posixFadvise(final int fd, final long offset, final long length, final int advice) {
        final MemorySegment state = Downcalls.state();
        try {
            return (int) (long) MH$posix_fadvise.invokeExact(state, (long) fd, offset, length, (long) advice);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static int fallocate(final int fd, final int mode, final long offset, final long length) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result(
                    (int) (long) MH$fallocate.invokeExact(state, (long) fd, (long) mode, offset, length), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static int fsync(final int fd) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result((int) (long) MH$fsync.invokeExact(state, (long) fd), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static int fdatasync(final int fd) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result((int) (long) MH$fdatasync.invokeExact(state, (long) fd), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static int flock(final int fd, final int operation) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result((int) (long) MH$flock.invokeExact(state, (long) fd, (long) operation), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static int fchmod(final int fd, final int mode) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result((int) (long) MH$fchmod.invokeExact(state, (long) fd, (long) mode), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static int chmod(final long path, final int mode) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result((int) (long) MH$chmod.invokeExact(state, path, (long) mode), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static int link(final long target, final long path) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result((int) (long) MH$link.invokeExact(state, target, path), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static int rename(final long from, final long to) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result((int) (long) MH$rename.invokeExact(state, from, to), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static int unlink(final long path) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result((int) (long) MH$unlink.invokeExact(state, path), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static long write(final int fd, final long address, final long length) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result((long) MH$write.invokeExact(state, (long) fd, address, length), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static long pread(final int fd, final long address, final long length, final long offset) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result((long) MH$pread.invokeExact(state, (long) fd, address, length, offset), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static long pwrite(final int fd, final long address, final long length, final long offset) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result((long) MH$pwrite.invokeExact(state, (long) fd, address, length, offset), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static long preadv2(final int fd, final long iov, final int count, final long offset, final int flags) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result(
                    (long) MH$preadv2.invokeExact(state, (long) fd, iov, (long) count, offset, (long) flags), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static int eventfd(final int initial, final int flags) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result((int) (long) MH$eventfd.invokeExact(state, (long) initial, (long) flags), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static int memfd_create(final long name, final int flags) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result((int) (long) MH$memfd_create.invokeExact(state, name, (long) flags), state);
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
                    (long) MH$mmap.invokeExact(
                            state, address, length, (long) protection, (long) flags, (long) fd, offset),
                    state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static int munmap(final long address, final long length) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result((int) (long) MH$munmap.invokeExact(state, address, length), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static int madvise(final long address, final long length, final int advice) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result((int) (long) MH$madvise.invokeExact(state, address, length, (long) advice), state);
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

package io.varve.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;

/**
 * Functions of the C library, one method each, named and documented as in their manual pages (sections 2 and 3).
 *
 * <p>A method answers what the function does, or the negated errno where that answers -1. Pointers are plain addresses.
 * Nothing is allocated, but for a few bytes on a thread's first call. None is linked as critical: a thread that waits in
 * one does not hold up the garbage collector. Any thread.
 */
final class Libc {
    private static final Linker LINKER = Linker.nativeLinker();
    private static final StructLayout STATE_LAYOUT = Linker.Option.captureStateLayout();
    private static final VarHandle VH$errno = STATE_LAYOUT.varHandle(MemoryLayout.PathElement.groupElement("errno"));
    private static final ThreadLocal<MemorySegment> STATE =
            ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(STATE_LAYOUT));

    private static final MethodHandle MH$open = linkVariadic("open", 2, JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_INT);
    private static final MethodHandle MH$close = link("close", JAVA_INT, JAVA_INT);
    private static final MethodHandle MH$fcntl = linkVariadic("fcntl", 2, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG);
    private static final MethodHandle MH$fstat = link("fstat", JAVA_INT, JAVA_INT, JAVA_LONG);
    private static final MethodHandle MH$fstatfs = link("fstatfs", JAVA_INT, JAVA_INT, JAVA_LONG);
    private static final MethodHandle MH$ftruncate = link("ftruncate", JAVA_INT, JAVA_INT, JAVA_LONG);
    private static final MethodHandle MH$fallocate =
            link("fallocate", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle MH$fsync = link("fsync", JAVA_INT, JAVA_INT);
    private static final MethodHandle MH$fdatasync = link("fdatasync", JAVA_INT, JAVA_INT);
    private static final MethodHandle MH$fchmod = link("fchmod", JAVA_INT, JAVA_INT, JAVA_INT);
    private static final MethodHandle MH$chmod = link("chmod", JAVA_INT, JAVA_LONG, JAVA_INT);
    private static final MethodHandle MH$link = link("link", JAVA_INT, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle MH$rename = link("rename", JAVA_INT, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle MH$unlink = link("unlink", JAVA_INT, JAVA_LONG);
    private static final MethodHandle MH$read = link("read", JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle MH$write = link("write", JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle MH$pread = link("pread", JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle MH$pwrite = link("pwrite", JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle MH$preadv2 =
            link("preadv2", JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT);
    private static final MethodHandle MH$poll = link("poll", JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT);
    private static final MethodHandle MH$eventfd = link("eventfd", JAVA_INT, JAVA_INT, JAVA_INT);
    private static final MethodHandle MH$memfd_create = link("memfd_create", JAVA_INT, JAVA_LONG, JAVA_INT);
    private static final MethodHandle MH$mmap =
            link("mmap", JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG);
    private static final MethodHandle MH$munmap = link("munmap", JAVA_INT, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle MH$epoll_create1 = link("epoll_create1", JAVA_INT, JAVA_INT);
    private static final MethodHandle MH$epoll_ctl =
            link("epoll_ctl", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG);
    private static final MethodHandle MH$epoll_wait =
            link("epoll_wait", JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_INT);
    private static final MethodHandle MH$socket = link("socket", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT);
    private static final MethodHandle MH$socketpair =
            link("socketpair", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG);
    private static final MethodHandle MH$bind = link("bind", JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_INT);
    private static final MethodHandle MH$listen = link("listen", JAVA_INT, JAVA_INT, JAVA_INT);
    private static final MethodHandle MH$accept4 = link("accept4", JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT);
    private static final MethodHandle MH$connect = link("connect", JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_INT);
    private static final MethodHandle MH$shutdown = link("shutdown", JAVA_INT, JAVA_INT, JAVA_INT);
    private static final MethodHandle MH$getsockopt =
            link("getsockopt", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle MH$sendmsg = link("sendmsg", JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT);
    private static final MethodHandle MH$recvmsg = link("recvmsg", JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT);
    private static final MethodHandle MH$syscall = linkVariadic(
            "syscall", 1, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle MH$getpagesize =
            LINKER.downcallHandle(symbol("getpagesize"), FunctionDescriptor.of(JAVA_INT));

    private Libc() {}

    static int getpagesize() {
        try {
            return (int) MH$getpagesize.invokeExact();
        } catch (final Throwable t) {
            throw unexpected(t);
        }
    }

    static int open(final long path, final int flags, final int mode) {
        final MemorySegment state = STATE.get();
        try {
            return result((int) MH$open.invokeExact(state, path, flags, mode), state);
        } catch (final Throwable t) {
            throw unexpected(t);
        }
    }

    static int close(final int fd) {
        final MemorySegment state = STATE.get();
        try {
            return result((int) MH$close.invokeExact(state, fd), state);
        } catch (final Throwable t) {
            throw unexpected(t);
        }
    }

    static int fcntl(final int fd, final int command, final long argument) {
        final MemorySegment state = STATE.get();
        try {
            return result((int) MH$fcntl.invokeExact(state, fd, command, argument), state);
        } catch (final Throwable t) {
            throw unexpected(t);
        }
    }

    static int fstat(final int fd, final long stat) {
        final MemorySegment state = STATE.get();
        try {
            return result((int) MH$fstat.invokeExact(state, fd, stat), state);
        } catch (final Throwable t) {
            throw unexpected(t);
        }
    }

    static int fstatfs(final int fd, final long statfs) {
        final MemorySegment state = STATE.get();
        try {
            return result((int) MH$fstatfs.invokeExact(state, fd, statfs), state);
        } catch (final Throwable t) {
            throw unexpected(t);
        }
    }

    static int ftruncate(final int fd, final long length) {
        final MemorySegment state = STATE.get();
        try {
            return result((int) MH$ftruncate.invokeExact(state, fd, length), state);
        } catch (final Throwable t) {
            throw unexpected(t);
        }
    }

    static int fallocate(final int fd, final int mode, final long offset, final long length) {
        final MemorySegment state = STATE.get();
        try {
            return result((int) MH$fallocate.invokeExact(state, fd, mode, offset, length), state);
        } catch (final Throwable t) {
            throw unexpected(t);
        }
    }

    static int fsync(final int fd) {
        final MemorySegment state = STATE.get();
        try {
            return result((int) MH$fsync.invokeExact(state, fd), state);
        } catch (final Throwable t) {
            throw unexpected(t);
        }
    }

    static int fdatasync(final int fd) {
        final MemorySegment state = STATE.get();
        try {
            return result((int) MH$fdatasync.invokeExact(state, fd), state);
        } catch (final Throwable t) {
            throw unexpected(t);
        }
    }

    static int fchmod(final int fd, final int mode) {
        final MemorySegment state = STATE.get();
        try {
            return result((int) MH$fchmod.invokeExact(state, fd, mode), state);
        } catch (final Throwable t) {
            throw unexpected(t);
        }
    }

    static int chmod(final long path, final int mode) {
        final MemorySegment state = STATE.get();
        try {
            return result((int) MH$chmod.invokeExact(state, path, mode), state);
        } catch (final Throwable t) {
            throw unexpected(t);
        }
    }

    static int link(final long target, final long path) {
        final MemorySegment state = STATE.get();
        try {
            return result((int) MH$link.invokeExact(state, target, path), state);
        } catch (final Throwable t) {
            throw unexpected(t);
        }
    }

    static int rename(final long from, final long to) {
        final MemorySegment state = STATE.get();
        try {
            return result((int) MH$rename.invokeExact(state, from, to), state);
        } catch (final Throwable t) {
            throw unexpected(t);
        }
    }

    static int unlink(final long path) {
        final MemorySegment state = STATE.get();
        try {
            return result((int) MH$unlink.invokeExact(state, path), state);
        } catch (final Throwable t) {
            throw unexpected(t);
        }
    }

    static long read(final int fd, final long address, final long length) {
        final MemorySegment state = STATE.get();
        try {
            return result((long) MH$read.invokeExact(state, fd, address, length), state);
        } catch (final Throwable t) {
            throw unexpected(t);
        }
    }

    static long write(final int fd, final long address, final long length) {
        final MemorySegment state = STATE.get();
        try {
            return result((long) MH$write.invokeExact(state, fd, address, length), state);
        } catch (final Throwable t) {
            throw unexpected(t);
        }
    }

    static long pread(final int fd, final long address, final long length, final long offset) {
        final MemorySegment state = STATE.get();
        try {
            return result((long) MH$pread.invokeExact(state, fd, address, length, offset), state);
        } catch (final Throwable t) {
            throw unexpected(t);
        }
    }

    static long pwrite(final int fd, final long address, final long length, final long offset) {
        final MemorySegment state = STATE.get();
        try {
            return result((long) MH$pwrite.invokeExact(state, fd, address, length, offset), state);
        } catch (final Throwable t) {
            throw unexpected(t);
        }
    }

    static long preadv2(final int fd, final long iov, final int count, final long offset, final int flags) {
        final MemorySegment state = STATE.get();
        try {
            return result((long) MH$preadv2.invokeExact(state, fd, iov, count, offset, flags), state);
        } catch (final Throwable t) {
            throw unexpected(t);
        }
    }

    static int poll(final long pollfds, final long count, final int timeoutMs) {
        final MemorySegment state = STATE.get();
        try {
            return result((int) MH$poll.invokeExact(state, pollfds, count, timeoutMs), state);
        } catch (final Throwable t) {
            throw unexpected(t);
        }
    }

    static int eventfd(final int initial, final int flags) {
        final MemorySegment state = STATE.get();
        try {
            return result((int) MH$eventfd.invokeExact(state, initial, flags), state);
        } catch (final Throwable t) {
            throw unexpected(t);
        }
    }

    static int memfd_create(final long name, final int flags) {
        final MemorySegment state = STATE.get();
        try {
            return result((int) MH$memfd_create.invokeExact(state, name, flags), state);
        } catch (final Throwable t) {
            throw unexpected(t);
        }
    }

    static long mmap(
            final long address,
            final long length,
            final int protection,
            final int flags,
            final int fd,
            final long offset) {
        final MemorySegment state = STATE.get();
        try {
            return result((long) MH$mmap.invokeExact(state, address, length, protection, flags, fd, offset), state);
        } catch (final Throwable t) {
            throw unexpected(t);
        }
    }

    static int munmap(final long address, final long length) {
        final MemorySegment state = STATE.get();
        try {
            return result((int) MH$munmap.invokeExact(state, address, length), state);
        } catch (final Throwable t) {
            throw unexpected(t);
        }
    }

    static int epoll_create1(final int flags) {
        final MemorySegment state = STATE.get();
        try {
            return result((int) MH$epoll_create1.invokeExact(state, flags), state);
        } catch (final Throwable t) {
            throw unexpected(t);
        }
    }

    static int epoll_ctl(final int epfd, final int operation, final int fd, final long event) {
        final MemorySegment state = STATE.get();
        try {
            return result((int) MH$epoll_ctl.invokeExact(state, epfd, operation, fd, event), state);
        } catch (final Throwable t) {
            throw unexpected(t);
        }
    }

    static int epoll_wait(final int epfd, final long events, final int maxEvents, final int timeoutMs) {
        final MemorySegment state = STATE.get();
        try {
            return result((int) MH$epoll_wait.invokeExact(state, epfd, events, maxEvents, timeoutMs), state);
        } catch (final Throwable t) {
            throw unexpected(t);
        }
    }

    static int socket(final int domain, final int type, final int protocol) {
        final MemorySegment state = STATE.get();
        try {
            return result((int) MH$socket.invokeExact(state, domain, type, protocol), state);
        } catch (final Throwable t) {
            throw unexpected(t);
        }
    }

    static int socketpair(final int domain, final int type, final int protocol, final long fds) {
        final MemorySegment state = STATE.get();
        try {
            return result((int) MH$socketpair.invokeExact(state, domain, type, protocol, fds), state);
        } catch (final Throwable t) {
            throw unexpected(t);
        }
    }

    static int bind(final int fd, final long address, final int length) {
        final MemorySegment state = STATE.get();
        try {
            return result((int) MH$bind.invokeExact(state, fd, address, length), state);
        } catch (final Throwable t) {
            throw unexpected(t);
        }
    }

    static int listen(final int fd, final int backlog) {
        final MemorySegment state = STATE.get();
        try {
            return result((int) MH$listen.invokeExact(state, fd, backlog), state);
        } catch (final Throwable t) {
            throw unexpected(t);
        }
    }

    static int accept4(final int fd, final long address, final long length, final int flags) {
        final MemorySegment state = STATE.get();
        try {
            return result((int) MH$accept4.invokeExact(state, fd, address, length, flags), state);
        } catch (final Throwable t) {
            throw unexpected(t);
        }
    }

    static int connect(final int fd, final long address, final int length) {
        final MemorySegment state = STATE.get();
        try {
            return result((int) MH$connect.invokeExact(state, fd, address, length), state);
        } catch (final Throwable t) {
            throw unexpected(t);
        }
    }

    static int shutdown(final int fd, final int how) {
        final MemorySegment state = STATE.get();
        try {
            return result((int) MH$shutdown.invokeExact(state, fd, how), state);
        } catch (final Throwable t) {
            throw unexpected(t);
        }
    }

    static int getsockopt(final int fd, final int level, final int option, final long value, final long length) {
        final MemorySegment state = STATE.get();
        try {
            return result((int) MH$getsockopt.invokeExact(state, fd, level, option, value, length), state);
        } catch (final Throwable t) {
            throw unexpected(t);
        }
    }

    static long sendmsg(final int fd, final long message, final int flags) {
        final MemorySegment state = STATE.get();
        try {
            return result((long) MH$sendmsg.invokeExact(state, fd, message, flags), state);
        } catch (final Throwable t) {
            throw unexpected(t);
        }
    }

    static long recvmsg(final int fd, final long message, final int flags) {
        final MemorySegment state = STATE.get();
        try {
            return result((long) MH$recvmsg.invokeExact(state, fd, message, flags), state);
        } catch (final Throwable t) {
            throw unexpected(t);
        }
    }

    static long syscall(
            final long number, final long a, final long b, final long c, final long d, final long e, final long f) {
        final MemorySegment state = STATE.get();
        try {
            return result((long) MH$syscall.invokeExact(state, number, a, b, c, d, e, f), state);
        } catch (final Throwable t) {
            throw unexpected(t);
        }
    }

    private static int result(final int value, final MemorySegment state) {
        return value == -1 ? -(int) VH$errno.get(state, 0L) : value;
    }

    private static long result(final long value, final MemorySegment state) {
        return value == -1 ? -(int) VH$errno.get(state, 0L) : value;
    }

    private static MethodHandle link(final String name, final MemoryLayout result, final MemoryLayout... arguments) {
        return LINKER.downcallHandle(
                symbol(name), FunctionDescriptor.of(result, arguments), Linker.Option.captureCallState("errno"));
    }

    private static MethodHandle linkVariadic(
            final String name, final int firstVariadic, final MemoryLayout result, final MemoryLayout... arguments) {
        return LINKER.downcallHandle(
                symbol(name),
                FunctionDescriptor.of(result, arguments),
                Linker.Option.captureCallState("errno"),
                Linker.Option.firstVariadicArg(firstVariadic));
    }

    private static MemorySegment symbol(final String name) {
        return LINKER.defaultLookup()
                .find(name)
                .orElseThrow(() -> new UnsupportedOperationException("the C library has no function " + name));
    }

    private static RuntimeException unexpected(final Throwable t) {
        if (t instanceof final RuntimeException e) {
            throw e;
        }
        if (t instanceof final Error e) {
            throw e;
        }
        throw new AssertionError(t);
    }
}

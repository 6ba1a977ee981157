package io.varve.linux;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * Functions of the C library on sockets, and to wait for descriptors, one method each, named and documented as in their manual pages (sections 2 and 3).
 *
 * <p>A method answers what the function does, or the negated errno where that answers -1. Pointers are plain addresses.
 * Any thread. What all calls have in common is told at {@link Downcalls}.
 */
final class SocketCalls {
    private static final MethodHandle MH$socket = Downcalls.link("socket", 3);
    private static final MethodHandle MH$socketpair = Downcalls.link("socketpair", 4);
    private static final MethodHandle MH$bind = Downcalls.link("bind", 3);
    private static final MethodHandle MH$listen = Downcalls.link("listen", 2);
    private static final MethodHandle MH$accept4 = Downcalls.link("accept4", 4);
    private static final MethodHandle MH$connect = Downcalls.link("connect", 3);
    private static final MethodHandle MH$shutdown = Downcalls.link("shutdown", 2);
    private static final MethodHandle MH$getsockopt = Downcalls.link("getsockopt", 5);
    private static final MethodHandle MH$setsockopt = Downcalls.link("setsockopt", 5);
    private static final MethodHandle MH$getpeername = Downcalls.link("getpeername", 3);
    private static final MethodHandle MH$getsockname = Downcalls.link("getsockname", 3);
    private static final MethodHandle MH$recv = Downcalls.link("recv", 4);
    private static final MethodHandle MH$sendmsg = Downcalls.link("sendmsg", 3);
    private static final MethodHandle MH$recvmsg = Downcalls.link("recvmsg", 3);
    private static final MethodHandle MH$poll = Downcalls.link("poll", 3);
    private static final MethodHandle MH$epoll_create1 = Downcalls.link("epoll_create1", 1);
    private static final MethodHandle MH$epoll_ctl = Downcalls.link("epoll_ctl", 4);
    private static final MethodHandle MH$epoll_wait = Downcalls.link("epoll_wait", 4);

    private SocketCalls() {}

    static int socket(final int domain, final int type, final int protocol) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result(
                    (int) (long) MH$socket.invokeExact(state, (long) domain, (long) type, (long) protocol), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static int socketpair(final int domain, final int type, final int protocol, final long fds) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result(
                    (int) (long) MH$socketpair.invokeExact(state, (long) domain, (long) type, (long) protocol, fds),
                    state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static int bind(final int fd, final long address, final int length) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result((int) (long) MH$bind.invokeExact(state, (long) fd, address, (long) length), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static int listen(final int fd, final int backlog) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result((int) (long) MH$listen.invokeExact(state, (long) fd, (long) backlog), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static int accept4(final int fd, final long address, final long length, final int flags) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result(
                    (int) (long) MH$accept4.invokeExact(state, (long) fd, address, length, (long) flags), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static int connect(final int fd, final long address, final int length) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result(
                    (int) (long) MH$connect.invokeExact(state, (long) fd, address, (long) length), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static int shutdown(final int fd, final int how) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result((int) (long) MH$shutdown.invokeExact(state, (long) fd, (long) how), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static int getsockopt(final int fd, final int level, final int option, final long value, final long length) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result(
                    (int) (long)
                            MH$getsockopt.invokeExact(state, (long) fd, (long) level, (long) option, value, length),
                    state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static int setsockopt(final int fd, final int level, final int option, final long value, final int length) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result(
                    (int) (long) MH$setsockopt.invokeExact(
                            state, (long) fd, (long) level, (long) option, value, (long) length),
                    state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static int getpeername(final int fd, final long address, final long length) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result((int) (long) MH$getpeername.invokeExact(state, (long) fd, address, length), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static int getsockname(final int fd, final long address, final long length) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result((int) (long) MH$getsockname.invokeExact(state, (long) fd, address, length), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static long recv(final int fd, final long address, final long length, final int flags) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result((long) MH$recv.invokeExact(state, (long) fd, address, length, (long) flags), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static long sendmsg(final int fd, final long message, final int flags) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result((long) MH$sendmsg.invokeExact(state, (long) fd, message, (long) flags), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static long recvmsg(final int fd, final long message, final int flags) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result((long) MH$recvmsg.invokeExact(state, (long) fd, message, (long) flags), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static int poll(final long pollfds, final long count, final int timeoutMs) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result((int) (long) MH$poll.invokeExact(state, pollfds, count, (long) timeoutMs), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static int epoll_create1(final int flags) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result((int) (long) MH$epoll_create1.invokeExact(state, (long) flags), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static int epoll_ctl(final int epfd, final int operation, final int fd, final long event) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result(
                    (int) (long) MH$epoll_ctl.invokeExact(state, (long) epfd, (long) operation, (long) fd, event),
                    state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static int epoll_wait(final int epfd, final long events, final int maxEvents, final int timeoutMs) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result(
                    (int) (long)
                            MH$epoll_wait.invokeExact(state, (long) epfd, events, (long) maxEvents, (long) timeoutMs),
                    state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }
}

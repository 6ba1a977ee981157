package io.varve.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * Functions of the C library on sockets, and to wait for descriptors, one method each, named and documented as in their manual pages (sections 2 and 3).
 *
 * <p>A method answers what the function does, or the negated errno where that answers -1. Pointers are plain addresses.
 * Any thread. What all calls have in common is told at {@link Downcalls}.
 */
final class SocketCalls {
    private static final MethodHandle MH$socket = Downcalls.link("socket", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT);
    private static final MethodHandle MH$socketpair =
            Downcalls.link("socketpair", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG);
    private static final MethodHandle MH$bind = Downcalls.link("bind", JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_INT);
    private static final MethodHandle MH$listen = Downcalls.link("listen", JAVA_INT, JAVA_INT, JAVA_INT);
    private static final MethodHandle MH$accept4 =
            Downcalls.link("accept4", JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT);
    private static final MethodHandle MH$connect = Downcalls.link("connect", JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_INT);
    private static final MethodHandle MH$shutdown = Downcalls.link("shutdown", JAVA_INT, JAVA_INT, JAVA_INT);
    private static final MethodHandle MH$getsockopt =
            Downcalls.link("getsockopt", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle MH$sendmsg = Downcalls.link("sendmsg", JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT);
    private static final MethodHandle MH$recvmsg = Downcalls.link("recvmsg", JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT);
    private static final MethodHandle MH$poll = Downcalls.link("poll", JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT);
    private static final MethodHandle MH$epoll_create1 = Downcalls.link("epoll_create1", JAVA_INT, JAVA_INT);
    private static final MethodHandle MH$epoll_ctl =
            Downcalls.link("epoll_ctl", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG);
    private static final MethodHandle MH$epoll_wait =
            Downcalls.link("epoll_wait", JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_INT);

    private SocketCalls() {}

    static int socket(final int domain, final int type, final int protocol) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result((int) MH$socket.invokeExact(state, domain, type, protocol), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static int socketpair(final int domain, final int type, final int protocol, final long fds) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result((int) MH$socketpair.invokeExact(state, domain, type, protocol, fds), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static int bind(final int fd, final long address, final int length) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result((int) MH$bind.invokeExact(state, fd, address, length), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static int listen(final int fd, final int backlog) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result((int) MH$listen.invokeExact(state, fd, backlog), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static int accept4(final int fd, final long address, final long length, final int flags) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result((int) MH$accept4.invokeExact(state, fd, address, length, flags), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static int connect(final int fd, final long address, final int length) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result((int) MH$connect.invokeExact(state, fd, address, length), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static int shutdown(final int fd, final int how) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result((int) MH$shutdown.invokeExact(state, fd, how), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static int getsockopt(final int fd, final int level, final int option, final long value, final long length) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result((int) MH$getsockopt.invokeExact(state, fd, level, option, value, length), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static long sendmsg(final int fd, final long message, final int flags) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result((long) MH$sendmsg.invokeExact(state, fd, message, flags), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static long recvmsg(final int fd, final long message, final int flags) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result((long) MH$recvmsg.invokeExact(state, fd, message, flags), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static int poll(final long pollfds, final long count, final int timeoutMs) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result((int) MH$poll.invokeExact(state, pollfds, count, timeoutMs), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static int epoll_create1(final int flags) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result((int) MH$epoll_create1.invokeExact(state, flags), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static int epoll_ctl(final int epfd, final int operation, final int fd, final long event) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result((int) MH$epoll_ctl.invokeExact(state, epfd, operation, fd, event), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    static int epoll_wait(final int epfd, final long events, final int maxEvents, final int timeoutMs) {
        final MemorySegment state = Downcalls.state();
        try {
            return Downcalls.result((int) MH$epoll_wait.invokeExact(state, epfd, events, maxEvents, timeoutMs), state);
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }
}

package io.varve.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;

/**
 * An epoll instance with edge-triggered watches ({@code epoll(7)}). Adding and removing by one thread, waiting by one other.
 */
final class Epoll implements AutoCloseable {
    /** Most events that one wait answers. */
    static final int MAX_EVENTS = 64;

    private static final int EPOLL_CLOEXEC = 0x80000;
    private static final int EPOLL_CTL_ADD = 1;
    private static final int EPOLL_CTL_DEL = 2;
    private static final int EPOLLET = 1 << 31;

    private final int eventSize = Abi.CURRENT.epollEventSize();
    private final int dataOffset = Abi.CURRENT.epollDataOffset();
    private final MemorySegment memory = Arena.ofAuto().allocate((long) (MAX_EVENTS + 1) * eventSize, Long.BYTES);
    private final long events = memory.address();
    private final long change = events + (long) MAX_EVENTS * eventSize;
    private final int fd;

    private Epoll(final int fd) {
        this.fd = fd;
    }

    static Epoll create() throws ErrnoException {
        return new Epoll(ErrnoException.check(SocketCalls.epoll_create1(EPOLL_CLOEXEC), "epoll_create1"));
    }

    /** Watches a descriptor. Answers 0 or a negated errno. */
    int add(final int watchedFd, final int mask, final long data) {
        Memory.putInt(change, mask | EPOLLET);
        Memory.putLong(change + dataOffset, data);
        final int result = SocketCalls.epoll_ctl(fd, EPOLL_CTL_ADD, watchedFd, change);
        Reference.reachabilityFence(memory);
        return result;
    }

    /** Ends a watch; the other thread may still answer an event of it. */
    void remove(final int watchedFd) {
        SocketCalls.epoll_ctl(fd, EPOLL_CTL_DEL, watchedFd, change);
    }

    /** Waits for events, without limit. Their number. */
    int await() {
        final int result = SocketCalls.epoll_wait(fd, events, MAX_EVENTS, -1);
        Reference.reachabilityFence(memory);
        return Math.max(result, 0);
    }

    int mask(final int index) {
        return Memory.getInt(events + (long) index * eventSize);
    }

    long data(final int index) {
        return Memory.getLong(events + (long) index * eventSize + dataOffset);
    }

    @Override
    public void close() {
        Fd.close(fd);
    }
}

package io.varve.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A counter to signal by ({@code eventfd(2)}): non-blocking, closed on exec. */
public final class EventFd implements AutoCloseable {
    private static final int EFD_CLOEXEC = 0x80000;
    private static final int EFD_NONBLOCK = 0x800;

    private static final MemorySegment ONE = Arena.global().allocate(Long.BYTES, Long.BYTES);

    static {
        Memory.putLong(ONE.address(), 1);
    }

    private int fd;

    private EventFd(final int fd) {
        this.fd = fd;
    }

    /**
     * Creates one that counts zero.
     *
     * @throws ErrnoException when there is no descriptor for it.
     */
    public static EventFd create() throws ErrnoException {
        return new EventFd(ErrnoException.check(Libc.eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd"));
    }

    /**
     * Signals any descriptor.
     *
     * @return 0, or a negated errno.
     */
    public static int signal(final int fd) {
        final long result = Libc.write(fd, ONE.address(), Long.BYTES);
        return result < 0 ? (int) result : 0;
    }

    /**
     * Takes what any descriptor has counted, without waiting.
     *
     * @return the count; 0 when there is none, or it is no eventfd.
     */
    public static long drain(final int fd) {
        return Scratch.get().drain(fd);
    }

    /** Adds one. Any thread. */
    public void signal() {
        signal(fd);
    }

    /** Takes what was counted; 0 when nothing was. */
    public long drain() {
        return drain(fd);
    }

    /** The descriptor, or -1 when closed. */
    public int fd() {
        return fd;
    }

    /** Closes the descriptor. Idempotent. */
    @Override
    public void close() {
        Fd.close(fd);
        fd = -1;
    }

    private record Scratch(long iov, long value, MemorySegment memory) {
        private static final int RWF_NOWAIT = 0x8;
        private static final ThreadLocal<Scratch> LOCAL = ThreadLocal.withInitial(Scratch::create);

        static Scratch get() {
            return LOCAL.get();
        }

        private static Scratch create() {
            final MemorySegment memory = Arena.ofAuto().allocate(3 * Long.BYTES, Long.BYTES);
            final long iov = memory.address();
            final long value = iov + 2 * Long.BYTES;
            Memory.putLong(iov, value);
            Memory.putLong(iov + Long.BYTES, Long.BYTES);
            return new Scratch(iov, value, memory);
        }

        long drain(final int fd) {
            return Libc.preadv2(fd, iov, 1, -1, RWF_NOWAIT) == Long.BYTES ? Memory.getLong(value) : 0;
        }
    }
}

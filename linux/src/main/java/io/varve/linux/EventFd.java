package io.varve.linux;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;

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
     * Makes a descriptor that came from a peer fit for {@link #signal(int)} and {@link #drain(int)}: it must be an eventfd, and is
     * made non-blocking.
     *
     * @throws ErrnoException           when it is not open.
     * @throws IllegalArgumentException when it is something else than an eventfd.
     */
    public static void prepare(final int fd) throws ErrnoException {
        Fd.setNonBlocking(fd);
        if (!isEventFd(fd)) {
            throw new IllegalArgumentException("fd " + fd + " is no eventfd");
        }
    }

    private static boolean isEventFd(final int fd) {
        try {
            return "anon_inode:[eventfd]"
                    .equals(Files.readSymbolicLink(Path.of("/proc/self/fd", Integer.toString(fd)))
                            .toString());
        } catch (final IOException e) {
            return false;
        }
    }

    /**
     * Signals an eventfd by one {@code write(2)}, which a descriptor that was {@linkplain #prepare(int) prepared} does not
     * make wait. A peer that shares it could make it blocking again and fill its counter: a thread that may not wait for that
     * peer signals by {@link IoRing#signal}. Any thread; allocates nothing.
     *
     * @param fd negative numbers and closed ones do no harm.
     * @return 0 when the peer has been told, also when it has not read for so long that the counter is full; else a negated
     *     errno.
     */
    public static int signal(final int fd) {
        final long result = Libc.write(fd, ONE.address(), Long.BYTES);
        return result < 0 && result != -Errno.EAGAIN ? (int) result : 0;
    }

    /** Native address of what is written to signal. */
    static long one() {
        return ONE.address();
    }

    /**
     * Takes what an eventfd has counted, without waiting even where it is blocking ({@code preadv2(2)} with RWF_NOWAIT). Any
     * thread; allocates nothing once a thread has called it.
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

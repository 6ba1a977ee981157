package io.varve.linux;

import java.lang.foreign.Arena;

/** A file in memory that has no name, to be shared by handing over its descriptor ({@code memfd_create(2)}). */
public final class MemFd implements AutoCloseable {
    /** Seal: no seal is added any more (linux/fcntl.h). */
    public static final int F_SEAL_SEAL = 0x01;

    /** Seal: the file does not shrink. */
    public static final int F_SEAL_SHRINK = 0x02;

    /** Seal: the file does not grow. */
    public static final int F_SEAL_GROW = 0x04;

    /** Seal: the contents do not change. */
    public static final int F_SEAL_WRITE = 0x08;

    private static final int F_ADD_SEALS = 1033;
    private static final int F_GET_SEALS = 1034;
    private static final int MFD_CLOEXEC = 1;
    private static final int MFD_ALLOW_SEALING = 2;

    private int fd;

    private MemFd(final int fd) {
        this.fd = fd;
    }

    /**
     * Creates a file of zeros that can be sealed.
     *
     * @param name for /proc only; at most 249 bytes.
     * @param size in bytes.
     * @throws ErrnoException when there is no memory or no descriptor for it.
     */
    public static MemFd create(final String name, final long size) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            final MemFd memFd = new MemFd(ErrnoException.check(
                    Libc.memfd_create(arena.allocateFrom(name).address(), MFD_CLOEXEC | MFD_ALLOW_SEALING),
                    "memfd_create " + name));
            final int result = Libc.ftruncate(memFd.fd, size);
            if (result < 0) {
                memFd.close();
                throw new ErrnoException("ftruncate of memfd " + name + " to " + size, -result);
            }
            return memFd;
        }
    }

    /**
     * Whether a descriptor is that of a file in memory: a memfd, or a file on tmpfs or hugetlbfs. Asks no file system, so that none can
     * keep the caller waiting.
     */
    public static boolean isMemory(final int fd) {
        return Libc.fcntl(fd, F_GET_SEALS, 0) >= 0;
    }

    /**
     * Seals of any descriptor.
     *
     * @return a mask of F_SEAL_...; 0 for a file that can't be sealed.
     * @throws ErrnoException when it is not open.
     */
    public static int seals(final int fd) throws ErrnoException {
        final int result = Libc.fcntl(fd, F_GET_SEALS, 0);
        return result == -Errno.EINVAL ? 0 : ErrnoException.check(result, "F_GET_SEALS of fd " + fd);
    }

    /**
     * Adds seals.
     *
     * @param seals a mask of F_SEAL_....
     * @throws ErrnoException when sealed against it (EPERM) or mapped writable (EBUSY).
     */
    public void addSeals(final int seals) throws ErrnoException {
        ErrnoException.check(Libc.fcntl(fd, F_ADD_SEALS, seals), "F_ADD_SEALS of fd " + fd);
    }

    /**
     * Changes the size.
     *
     * @throws ErrnoException when sealed against it (EPERM).
     */
    public void resize(final long size) throws ErrnoException {
        ErrnoException.check(Libc.ftruncate(fd, size), "ftruncate of fd " + fd + " to " + size);
    }

    /** The descriptor, or -1 when closed. */
    public int fd() {
        return fd;
    }

    /** Hands the descriptor over: whoever calls closes it. */
    public int release() {
        final int released = fd;
        fd = -1;
        return released;
    }

    /** Closes the descriptor; mappings stay. Idempotent. */
    @Override
    public void close() {
        Fd.close(fd);
        fd = -1;
    }
}

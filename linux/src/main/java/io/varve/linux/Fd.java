package io.varve.linux;

/**
 * Raw file descriptors: what has no better owner. Any thread.
 *
 * <p>A number may be reused by any thread as soon as it is closed: close each exactly once.
 */
public final class Fd {
    /** {@link #descriptorFlags}: closed on exec (FD_CLOEXEC, fcntl.h). */
    public static final int FD_CLOEXEC = 1;

    /** {@link #statusFlags}: calls do not wait (O_NONBLOCK, fcntl.h). */
    public static final int O_NONBLOCK = 0x800;

    private static final int F_GETFD = 1;
    private static final int F_SETFD = 2;
    private static final int F_GETFL = 3;
    private static final int F_SETFL = 4;
    private static final int F_DUPFD_CLOEXEC = 1030;

    private Fd() {}

    /**
     * Closes a descriptor. Errors are not told: the number is free afterwards in any case, and durability is a matter of
     * fsync.
     *
     * @param fd negative numbers are ignored.
     */
    public static void close(final int fd) {
        if (fd >= 0) {
            Libc.close(fd);
        }
    }

    /**
     * A second number, closed on exec, for the same open file description ({@code F_DUPFD_CLOEXEC}).
     *
     * @throws ErrnoException when {@code fd} is not open (EBADF) or there are too many (EMFILE).
     */
    public static int duplicate(final int fd) throws ErrnoException {
        return ErrnoException.check(Libc.fcntl(fd, F_DUPFD_CLOEXEC, 0), "dup fd " + fd);
    }

    /** Whether the number names an open descriptor. */
    public static boolean isOpen(final int fd) {
        return Libc.fcntl(fd, F_GETFD, 0) >= 0;
    }

    /**
     * Flags of the number ({@code F_GETFD}).
     *
     * @throws ErrnoException when it is not open.
     */
    public static int descriptorFlags(final int fd) throws ErrnoException {
        return ErrnoException.check(Libc.fcntl(fd, F_GETFD, 0), "F_GETFD of fd " + fd);
    }

    /**
     * Makes an inherited number close on exec.
     *
     * @throws ErrnoException when it is not open.
     */
    public static void setCloseOnExec(final int fd) throws ErrnoException {
        ErrnoException.check(Libc.fcntl(fd, F_SETFD, descriptorFlags(fd) | FD_CLOEXEC), "F_SETFD of fd " + fd);
    }

    /**
     * Access mode and status flags of the open file description ({@code F_GETFL}).
     *
     * @throws ErrnoException when it is not open.
     */
    public static int statusFlags(final int fd) throws ErrnoException {
        return ErrnoException.check(Libc.fcntl(fd, F_GETFL, 0), "F_GETFL of fd " + fd);
    }

    /**
     * Sets {@link #O_NONBLOCK} on the open file description. Whoever shares that sees it, and may take it back.
     *
     * @throws ErrnoException when it is not open.
     */
    public static void setNonBlocking(final int fd) throws ErrnoException {
        final int flags = statusFlags(fd);
        if ((flags & O_NONBLOCK) == 0) {
            ErrnoException.check(Libc.fcntl(fd, F_SETFL, flags | O_NONBLOCK), "F_SETFL of fd " + fd);
        }
    }

    /**
     * Takes {@link #O_NONBLOCK} from the open file description, for all who share it.
     *
     * @throws ErrnoException when it is not open.
     */
    public static void setBlocking(final int fd) throws ErrnoException {
        ErrnoException.check(Libc.fcntl(fd, F_SETFL, statusFlags(fd) & ~O_NONBLOCK), "F_SETFL of fd " + fd);
    }
}

package io.varve.linux;

import java.io.IOException;

/**
 * A system call failed. The message says what was attempted and why it failed:
 * {@code open /x/y: No such file or directory (ENOENT)}.
 */
public final class ErrnoException extends IOException {
    private static final long serialVersionUID = 1L;

    private final int errno;

    /**
     * Creates the exception of a failed call.
     *
     * @param what  what was attempted: the call's name and what it was about.
     * @param errno the positive error number, one of {@link Errno}.
     */
    public ErrnoException(final String what, final int errno) {
        super(what + ": " + Errno.describe(errno));
        this.errno = errno;
    }

    /** The positive error number, one of {@link Errno}. */
    public int errno() {
        return errno;
    }

    static int check(final int result, final String what) throws ErrnoException {
        if (result < 0) {
            throw new ErrnoException(what, -result);
        }
        return result;
    }

    static long check(final long result, final String what) throws ErrnoException {
        if (result < 0) {
            throw new ErrnoException(what, (int) -result);
        }
        return result;
    }
}

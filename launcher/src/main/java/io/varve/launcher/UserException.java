package io.varve.launcher;

import io.varve.control.ErrorKind;

/**
 * Something the user asked for, or set, cannot be done as it stands. The message is one line that says what is wrong and,
 * where it helps, what to do; the command prints it and ends with {@link ExitStatus#WRONG_USE}. The kind is for programs that ask a
 * daemon.
 */
public class UserException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final ErrorKind kind;

    /** Makes an exception with a one-line message, about what makes no sense as it was asked. */
    public UserException(final String message) {
        this(ErrorKind.INVALID, message);
    }

    /** Makes an exception with a one-line message and what caused it, about what makes no sense as it was asked. */
    public UserException(final String message, final Throwable cause) {
        this(ErrorKind.INVALID, message, cause);
    }

    /** Makes an exception with a one-line message. */
    public UserException(final ErrorKind kind, final String message) {
        super(message);
        this.kind = kind;
    }

    /** Makes an exception with a one-line message and what caused it. */
    public UserException(final ErrorKind kind, final String message, final Throwable cause) {
        super(message, cause);
        this.kind = kind;
    }

    /** What kind of error it is. */
    public ErrorKind kind() {
        return kind;
    }
}

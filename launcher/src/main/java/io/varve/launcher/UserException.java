package io.varve.launcher;

/**
 * Something the user asked for, or set, cannot be done as it stands. The message is one line that says what is wrong and,
 * where it helps, what to do; the command prints it and ends with {@link ExitStatus#WRONG_USE}.
 */
public class UserException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** Makes an exception with a one-line message. */
    public UserException(final String message) {
        super(message);
    }

    /** Makes an exception with a one-line message and what caused it. */
    public UserException(final String message, final Throwable cause) {
        super(message, cause);
    }
}

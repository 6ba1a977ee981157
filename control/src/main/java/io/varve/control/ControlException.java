package io.varve.control;

/** A daemon can't or won't do what it was asked. The message is one line for people; the kind is for programs. */
public final class ControlException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final ErrorKind kind;

    /** Makes an exception with a message for people. */
    public ControlException(final ErrorKind kind, final String message) {
        super(message);
        this.kind = kind;
    }

    /** Makes an exception with a message for people and its cause. */
    public ControlException(final ErrorKind kind, final String message, final Throwable cause) {
        super(message, cause);
        this.kind = kind;
    }

    /** What kind of error it is. */
    public ErrorKind kind() {
        return kind;
    }
}

package io.varve.lsvd;

/** A volume cannot be opened, made or changed as asked. The message is one line for people: what is wrong, what to do. */
public final class VolumeException extends Exception {
    private static final long serialVersionUID = 1L;

    /** Makes an exception with a message for people. */
    public VolumeException(final String message) {
        super(message);
    }

    /** Makes an exception with a message for people and its cause. */
    public VolumeException(final String message, final Throwable cause) {
        super(message, cause);
    }
}

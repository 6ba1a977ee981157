package io.varve.hostdisks;

/** A volume can't be made, or kept, a disk of this host as things stand. The message is one line for people. */
public final class HostDiskException extends Exception {
    private static final long serialVersionUID = 1L;

    /** Makes an exception with a one-line message. */
    public HostDiskException(final String message) {
        super(message);
    }

    /** Makes an exception with a one-line message and what caused it. */
    public HostDiskException(final String message, final Throwable cause) {
        super(message, cause);
    }
}

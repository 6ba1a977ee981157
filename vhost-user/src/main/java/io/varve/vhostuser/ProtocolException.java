package io.varve.vhostuser;

/** The front-end broke the protocol. The message is for the log; the session ends. */
final class ProtocolException extends Exception {
    private static final long serialVersionUID = 1L;

    ProtocolException(final String message) {
        super(message);
    }

    ProtocolException(final String message, final Throwable cause) {
        super(message, cause);
    }
}

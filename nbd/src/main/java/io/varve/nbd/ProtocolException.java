package io.varve.nbd;

/** A client broke the protocol in a way after which its bytes mean nothing any more. */
final class ProtocolException extends Exception {
    private static final long serialVersionUID = 1;

    ProtocolException(final String message) {
        super(message);
    }
}

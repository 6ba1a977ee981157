package io.varve.lsvd.history;

import java.io.IOException;

/** A volume's history in the store does not hang together. The message says what is wrong. */
public final class HistoryException extends IOException {
    private static final long serialVersionUID = 1L;

    /** Makes an exception with a message for people. */
    public HistoryException(final String message) {
        super(message);
    }
}

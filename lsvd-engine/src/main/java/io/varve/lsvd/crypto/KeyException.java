package io.varve.lsvd.crypto;

import java.io.IOException;

/** A key is missing, wrong, or can't be had. The message says which, and what to do; no secret stands in it. */
public final class KeyException extends IOException {
    private static final long serialVersionUID = 1L;

    /** Makes an exception with a message for people. */
    public KeyException(final String message) {
        super(message);
    }
}

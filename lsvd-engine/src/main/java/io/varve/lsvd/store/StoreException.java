package io.varve.lsvd.store;

import java.io.IOException;

/** A store could not do what it was asked; trying again later may help. The message is one line that names the key. */
public class StoreException extends IOException {
    private static final long serialVersionUID = 1L;

    /** Makes an exception with a message for people. */
    public StoreException(final String message) {
        super(message);
    }

    /** Makes an exception with a message for people and its cause. */
    public StoreException(final String message, final Throwable cause) {
        super(message, cause);
    }
}

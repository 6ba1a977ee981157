package io.varve.lsvd.format;

import java.io.IOException;

/** Bytes that were read are damaged, or of a version that is not known here. The message names what and where. */
public final class FormatException extends IOException {
    private static final long serialVersionUID = 1L;

    /** Makes an exception with a message for people. */
    public FormatException(final String message) {
        super(message);
    }
}

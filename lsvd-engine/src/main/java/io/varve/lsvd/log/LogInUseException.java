package io.varve.lsvd.log;

import java.io.IOException;

/** A log is open in another process. */
public final class LogInUseException extends IOException {
    private static final long serialVersionUID = 1L;

    /** Makes an exception that names the log. */
    public LogInUseException(final String name) {
        super("the log " + name + " is in use by a running daemon");
    }
}

package io.varve.launcher.control;

import io.varve.control.ErrorKind;
import io.varve.launcher.UserException;

/** Waiting for what can only be looked at. */
final class Pauses {
    private static final long LOOK_MS = 20;

    private Pauses() {}

    /** Waits for a moment. */
    static void pause() {
        try {
            Thread.sleep(LOOK_MS);
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UserException(
                    ErrorKind.UNAVAILABLE, "the daemon ends; what was asked for goes on when it is started again", e);
        }
    }
}

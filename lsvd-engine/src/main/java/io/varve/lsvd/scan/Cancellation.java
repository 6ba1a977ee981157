package io.varve.lsvd.scan;

import java.util.concurrent.CancellationException;

/** Asks something that takes long to end early. May be looked at by any thread. */
@FunctionalInterface
public interface Cancellation {
    /** Never. */
    Cancellation NEVER = () -> false;

    /** Whether it is to end. */
    boolean isCancelled();

    /**
     * Ends it.
     *
     * @throws CancellationException when it is to end.
     */
    default void check() {
        if (isCancelled()) {
            throw new CancellationException("broken off");
        }
    }
}

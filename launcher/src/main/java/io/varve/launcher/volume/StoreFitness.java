package io.varve.launcher.volume;

import io.varve.control.ErrorKind;
import io.varve.launcher.UserException;
import io.varve.lsvd.store.StoreProbe;

/** Judges whether a store may hold volumes. */
public final class StoreFitness {
    private StoreFitness() {}

    /**
     * Judges what was found.
     *
     * @throws UserException when the store is not fit.
     */
    public static void require(final StoreProbe.Finding finding, final String url) {
        if (!finding.isKept()) {
            throw new UserException(
                    ErrorKind.UNAVAILABLE,
                    "store " + url + " is not fit to hold volumes: " + finding.check() + ": " + finding.detail()
                            + "; use another, or insist with --allow-unfit-store");
        }
    }
}

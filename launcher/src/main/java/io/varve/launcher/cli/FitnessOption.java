package io.varve.launcher.cli;

import io.varve.launcher.UserException;
import io.varve.lsvd.store.StoreProbe;
import picocli.CommandLine.Option;

/** The {@code --allow-unfit-store} option, and what happens without it. */
final class FitnessOption {
    private static final String NAME = "--allow-unfit-store";

    @Option(
            names = NAME,
            description =
                    "Go on although the store does not keep what volumes need ('varve store check' tells). Two daemons"
                            + " on one volume destroy it then.")
    private boolean isUnfitAllowed;

    /** Whether the store has to be tried. */
    boolean isAsked() {
        return !isUnfitAllowed;
    }

    /**
     * Judges what was found.
     *
     * @throws UserException when the store is not fit.
     */
    void require(final StoreProbe.Finding finding, final String url) {
        if (!finding.isKept()) {
            throw new UserException("store " + url + " is not fit to hold volumes: " + finding.check() + ": "
                    + finding.detail() + "; use another, or insist with " + NAME);
        }
    }
}

package io.varve.launcher.cli;

import picocli.CommandLine.Option;

/** The {@code --allow-unfit-store} option. */
final class FitnessOption {
    @Option(
            names = "--allow-unfit-store",
            description =
                    "Go on although the store does not keep what volumes need ('varve store check' tells). Two daemons"
                            + " on one volume destroy it then.")
    private boolean isUnfitAllowed;

    /** Whether the store need not be tried. */
    boolean isUnfitAllowed() {
        return isUnfitAllowed;
    }
}

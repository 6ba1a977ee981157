package io.varve.launcher.cli;

import io.varve.launcher.daemon.OpeningChoices;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The options that say how a volume is opened. */
final class OpeningOptions {
    @Option(names = "--read-only", description = "Refuse writes.")
    private boolean readOnly;

    @Option(
            names = "--take-over",
            description = "Open the volume although another daemon had it and has not closed it. A statement that the"
                    + " other one is gone: what it had not shipped is lost, unless its log comes back.")
    private boolean takeOver;

    @Option(
            names = "--accept-data-loss",
            description = "Go on, this once, although records of the log that had been made durable are damaged, or the"
                    + " store has lost what it held. The message that refuses the volume names what is lost.")
    private boolean acceptDataLoss;

    @Option(
            names = "--shared",
            description = "Let several sessions write at a time, as those of a cluster's file system. Each sees what"
                    + " the others have written, and a flush covers all. By default one writes, and any number read.")
    private boolean shared;

    @Mixin
    private FitnessOption fitness;

    OpeningChoices choices() {
        return new OpeningChoices(readOnly, takeOver, acceptDataLoss, fitness.isUnfitAllowed(), false, shared);
    }
}

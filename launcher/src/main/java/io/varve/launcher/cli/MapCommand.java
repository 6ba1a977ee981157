package io.varve.launcher.cli;

import io.varve.launcher.ExitStatus;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code varve map}: makes a volume a disk of this host. */
@Command(
        name = "map",
        description =
                "Make a volume, or a snapshot, a disk of this host, and print its device. One that is mapped already stays as"
                        + " it is. Needs root, and the kernel's NBD client (modprobe nbd).",
        footerHeading = "%nExample:%n",
        footer = "  varve map data")
final class MapCommand extends Subcommand {
    @Parameters(paramLabel = "VOLUME", description = "Name of the volume, or VOLUME@SNAPSHOT.")
    private String volume;

    @Mixin
    private MappingOptions mapping;

    @Override
    public Integer call() {
        out().println(mapping.map(volume, settings()).device());
        out().flush();
        return ExitStatus.OK;
    }
}

package io.varve.launcher.cli;

import io.varve.launcher.volume.Volumes;
import io.varve.lsvd.VolumeException;
import io.varve.lsvd.VolumeInfo;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code varve volume rename}. */
@Command(
        name = "rename",
        description = "Give a volume that is not served another name. Its snapshots and clones stay its own.",
        footerHeading = "%nExample:%n",
        footer = "  varve volume rename data archive")
final class VolumeRenameCommand extends VolumeCommand.OnStore {
    @Parameters(index = "0", paramLabel = "NAME", description = "Name of the volume.")
    private String name;

    @Parameters(index = "1", paramLabel = "NEW-NAME", description = "The new name.")
    private String to;

    @Mixin
    private CacheOption cache;

    @Override
    String volume() {
        return name;
    }

    @Override
    void collect(final Map<String, String> given) {
        cache.collect(given);
    }

    @Override
    void run(final Volumes volumes) throws VolumeException {
        final VolumeInfo info = volumes.rename(name, to);
        out().println(json() ? JsonOutput.volume(info) : "Volume " + name + " is " + info.name() + " now.");
    }
}

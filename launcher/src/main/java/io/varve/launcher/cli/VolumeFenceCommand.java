package io.varve.launcher.cli;

import io.varve.launcher.ExitStatus;
import io.varve.lsvd.VolumeException;
import io.varve.lsvd.VolumeGuard;
import io.varve.lsvd.VolumeStanding;
import io.varve.lsvd.store.ObjectStore;
import java.time.Instant;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code varve volume fence}: shuts a writer out. */
@Command(
        name = "fence",
        description = "Shut out whoever writes a volume, on whatever host, without opening it.",
        footerHeading = "%nWhat follows:%n",
        footer = {
            "  The writer can put nothing more into the store. It notices with its next object, and",
            "  fails every request of its guest from then on; what it has acknowledged and not put",
            "  into the store stays in its log. The volume can be served again on that host, with",
            "  everything that is in the log, or elsewhere with --take-over and without. A volume",
            "  that nobody writes is left as it is.",
        })
final class VolumeFenceCommand extends Subcommand {
    @Parameters(paramLabel = "NAME", description = "Name of the volume.")
    private String name;

    @Mixin
    private StoreOption store;

    @Option(names = "--json", description = "Answer in JSON.")
    private boolean json;

    @Override
    public Integer call() throws VolumeException {
        try (ObjectStore opened = store.open(settings(), false)) {
            final VolumeStanding standing = new VolumeGuard(opened).fence(name);
            if (json) {
                out().println(JsonOutput.answer(VolumeStatusCommand.fields(name, standing)));
            } else if (standing.isClosed()) {
                out().println("Nobody writes volume " + name + ": nothing was changed.");
            } else {
                out().println("Volume " + name + " is fenced: " + standing.writer() + ", which opened it at "
                        + Instant.ofEpochMilli(standing.sinceMs())
                        + ", can put nothing more into the store. Serve it on that host again, which loses nothing, or"
                        + " elsewhere with --take-over: then what was not in the store is missing, "
                        + standing.possibleLoss() + ".");
            }
        }
        out().flush();
        return ExitStatus.OK;
    }
}

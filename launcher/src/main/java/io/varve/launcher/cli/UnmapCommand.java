package io.varve.launcher.cli;

import io.varve.hostdisks.DiskTable;
import io.varve.hostdisks.HostDisk;
import io.varve.hostdisks.HostDiskException;
import io.varve.launcher.ExitStatus;
import io.varve.launcher.UserException;
import java.io.IOException;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code varve unmap}: takes a volume from this host again. */
@Command(
        name = "unmap",
        description =
                "Take a volume from this host again. What the host has written is flushed first. A volume that is not"
                        + " mapped counts as unmapped; one that is in use stays.")
final class UnmapCommand extends Subcommand {
    @Parameters(paramLabel = "VOLUME", description = "Name of the volume, or its device.")
    private String volume;

    @Option(
            names = "--force",
            description =
                    "Even if it is in use or its daemon does not come back: whatever is not written is lost, and a file"
                            + " system on it breaks.")
    private boolean isForced;

    @Override
    public Integer call() {
        try {
            final Optional<HostDisk> disk = new DiskTable(DiskTable.DIRECTORY).find(volume);
            if (disk.isPresent()) {
                Unmapping.unmap(disk.get(), isForced);
            } else {
                out().println(volume + " was not mapped.");
            }
        } catch (final HostDiskException e) {
            throw new UserException(e.getMessage(), e);
        } catch (final IOException e) {
            throw new UserException("the list of mapped disks can't be read: " + e.getMessage(), e);
        }
        out().flush();
        return ExitStatus.OK;
    }
}

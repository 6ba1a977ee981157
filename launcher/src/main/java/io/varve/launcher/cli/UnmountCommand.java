package io.varve.launcher.cli;

import io.varve.hostdisks.DiskTable;
import io.varve.hostdisks.HostDisk;
import io.varve.hostdisks.HostDiskException;
import io.varve.hostdisks.Mounts;
import io.varve.launcher.ExitStatus;
import io.varve.launcher.UserException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code varve unmount}: unmounts a volume's file system and unmaps the volume. */
@Command(
        name = "unmount",
        description = "Unmount the file system of a volume, and unmap the volume unless it is mounted elsewhere, too.")
final class UnmountCommand extends Subcommand {
    @Parameters(paramLabel = "DIR", description = "Where it is mounted.")
    private Path directory;

    @Override
    public Integer call() {
        if (!Files.isDirectory(directory)) {
            throw new UserException("there is no directory " + directory);
        }
        try {
            final Path target = directory.toRealPath();
            final HostDisk disk = Mounts.at(target, new DiskTable(DiskTable.DIRECTORY).disks())
                    .orElseThrow(() -> new UserException("no volume of Varve is mounted at " + directory));
            Mounts.unmount(target);
            if (Mounts.of(disk).isEmpty()) {
                Unmapping.unmap(disk, false);
            }
        } catch (final HostDiskException e) {
            throw new UserException(e.getMessage(), e);
        } catch (final IOException e) {
            throw new UserException(directory + " can't be unmounted: " + e.getMessage(), e);
        }
        return ExitStatus.OK;
    }
}

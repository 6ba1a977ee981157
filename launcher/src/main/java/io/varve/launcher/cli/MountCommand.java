package io.varve.launcher.cli;

import io.varve.control.rpc.ControlClient;
import io.varve.hostdisks.DiskTable;
import io.varve.hostdisks.HostDisk;
import io.varve.hostdisks.HostDiskException;
import io.varve.hostdisks.Mounts;
import io.varve.launcher.ExitStatus;
import io.varve.launcher.UserException;
import io.varve.launcher.config.Settings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code varve mount}: maps a volume and mounts its file system. */
@Command(
        name = "mount",
        description =
                "Map a volume and mount its file system; make one first if the volume is blank and --fs says which. Nothing is"
                        + " ever made over data. Needs root.",
        footerHeading = "%nExample:%n",
        footer = "  varve mount data /srv/data --fs ext4")
final class MountCommand extends Subcommand {
    @Parameters(index = "0", paramLabel = "VOLUME", description = "Name of the volume, or VOLUME@SNAPSHOT.")
    private String volume;

    @Parameters(index = "1", paramLabel = "DIR", description = "Where to mount it.")
    private Path directory;

    @Option(
            names = "--fs",
            paramLabel = "TYPE",
            description =
                    "Make this file system, such as ext4 or xfs, if the volume is blank. If it is not, it has to hold this one.")
    private String fileSystem;

    @Option(
            names = {"-o", "--options"},
            paramLabel = "OPTIONS",
            description = "For mount(8).")
    private String options;

    @Mixin
    private MappingOptions mapping;

    @Override
    public Integer call() {
        final Settings settings = settings();
        if (fileSystem != null && !fileSystem.matches("[a-z0-9]{1,16}")) {
            throw new UserException("--fs: '" + fileSystem + "' is no file system: say ext4, xfs or the like");
        }
        if (!Files.isDirectory(directory)) {
            throw new UserException("there is no directory " + directory + " to mount at");
        }
        final DiskTable table = new DiskTable(DiskTable.DIRECTORY);
        try {
            final Path target = directory.toRealPath();
            final List<HostDisk> before = table.disks();
            final HostDisk disk = mapping.map(volume, settings);
            if (Mounts.of(disk).contains(target)) {
                return ExitStatus.OK;
            }
            try {
                Mounts.mount(disk, target, fileSystem, options, () -> isBlank(settings));
            } catch (final HostDiskException e) {
                if (!before.contains(disk)) {
                    Unmapping.unmap(disk, false);
                }
                throw e;
            }
        } catch (final HostDiskException e) {
            throw new UserException(e.getMessage(), e);
        } catch (final IOException e) {
            throw new UserException("volume '" + volume + "' can't be mounted: " + e.getMessage(), e);
        }
        return ExitStatus.OK;
    }

    /** What the daemon knows of the whole of it. */
    private boolean isBlank(final Settings settings) {
        if (!mapping.hasDaemon()) {
            return true;
        }
        try (ControlClient daemon = mapping.daemon(settings)) {
            final List<?> volumes =
                    (List<?>) daemon.call("status", Map.of("volume", volume)).get("volumes");
            final Object extents = ((Map<?, ?>) volumes.getFirst()).get("extents");
            return extents instanceof final Number count && count.longValue() == 0;
        }
    }
}

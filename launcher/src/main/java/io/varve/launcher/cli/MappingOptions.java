package io.varve.launcher.cli;

import io.varve.control.rpc.ControlClient;
import io.varve.hostdisks.DiskTable;
import io.varve.hostdisks.HostDisk;
import io.varve.hostdisks.HostDiskException;
import io.varve.hostdisks.HostDisks;
import io.varve.hostdisks.Mapper;
import io.varve.launcher.UserException;
import io.varve.launcher.config.Setting;
import io.varve.launcher.config.Settings;
import io.varve.launcher.config.TimeSpan;
import io.varve.launcher.daemon.NbdPlan;
import io.varve.launcher.volume.SnapshotName;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** How a volume becomes a disk of this host: the options of {@code map} and {@code mount}, and what they do. */
final class MappingOptions {
    private static final Duration MIN_GIVE_UP = Duration.ofSeconds(1);

    @Option(
            names = "--read-only",
            description = "Let nobody on this host write it. Snapshots are read-only in any case.")
    private boolean isReadOnly;

    @Option(
            names = "--nbd",
            paramLabel = "ADDRESS",
            description =
                    "Take it from the NBD server at this address, unix:PATH or HOST:PORT, which may be on another host,"
                            + " and ask no daemon.")
    private String address;

    @Option(
            names = "--give-up-after",
            paramLabel = "TIME",
            defaultValue = "1440m",
            description =
                    "How long requests wait for a daemon that is away before they fail (default: $${DEFAULT-VALUE}).")
    private String giveUpAfter;

    @Mixin
    private ControlOption control;

    /** Whether a daemon has attached it, and can be asked about it. */
    boolean hasDaemon() {
        return address == null;
    }

    ControlClient daemon(final Settings settings) {
        return control.connect(settings);
    }

    /**
     * Maps a volume, unless it is mapped already.
     *
     * @throws UserException when it can't be.
     */
    HostDisk map(final String volume, final Settings settings) {
        final Duration giveUp = TimeSpan.parse(giveUpAfter);
        if (giveUp.compareTo(MIN_GIVE_UP) < 0) {
            throw new UserException("--give-up-after: a second is the least");
        }
        final String server = address == null ? null : NbdPlan.absolute(address);
        final DiskTable table = new DiskTable(DiskTable.DIRECTORY);
        try (HostDisks disks = HostDisks.open(table)) {
            final HostDisk disk = server == null
                    ? mapFromDaemon(disks, volume, giveUp, settings)
                    : disks.map(
                            new HostDisk(-1, volume, server + "/" + volume, server, volume, isReadOnly(volume), ""),
                            giveUp);
            if (!Mapper.isRunning(table)) {
                MapperCommand.startInBackground();
            }
            return disk;
        } catch (final HostDiskException e) {
            throw new UserException(e.getMessage(), e);
        }
    }

    private HostDisk mapFromDaemon(
            final HostDisks disks, final String volume, final Duration giveUp, final Settings settings)
            throws HostDiskException {
        final Path socket = control.over(settings).get(Setting.CONTROL);
        try (ControlClient daemon = ControlOption.connect(socket)) {
            final MappingSource source = new MappingSource(daemon, socket, volume, isReadOnly(volume));
            final Optional<HostDisk> there = disks.find(source.identifier());
            if (there.isPresent()) {
                return disks.map(there.get().readOnly(isReadOnly(volume)), giveUp);
            }
            final HostDisk wanted = source.prepare();
            try {
                return disks.map(wanted, giveUp);
            } catch (final HostDiskException e) {
                source.undo(wanted);
                throw e;
            }
        }
    }

    private boolean isReadOnly(final String volume) {
        return isReadOnly || SnapshotName.isSnapshot(volume);
    }
}

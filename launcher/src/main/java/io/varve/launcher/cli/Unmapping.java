package io.varve.launcher.cli;

import io.varve.control.rpc.ControlClient;
import io.varve.hostdisks.DiskTable;
import io.varve.hostdisks.HostDisk;
import io.varve.hostdisks.HostDiskException;
import io.varve.hostdisks.HostDisks;
import java.nio.file.Path;
import java.util.Map;

/** How a volume ceases to be a disk of this host. */
final class Unmapping {
    private Unmapping() {}

    /** Unmaps a disk, and has the daemon detach the volume if it was attached only to be mapped. */
    static void unmap(final HostDisk disk, final boolean force) throws HostDiskException {
        try (HostDisks disks = HostDisks.open(new DiskTable(DiskTable.DIRECTORY))) {
            disks.unmap(disk, force);
        }
        if (!disk.control().isEmpty()) {
            try (ControlClient daemon = ControlOption.connect(Path.of(disk.control()))) {
                daemon.call("detach", Map.of("volume", disk.volume()));
            }
        }
    }
}

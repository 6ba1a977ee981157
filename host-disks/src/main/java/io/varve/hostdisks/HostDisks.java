package io.varve.hostdisks;

import io.varve.linux.Errno;
import io.varve.linux.ErrnoException;
import io.varve.linux.LinuxFile;
import io.varve.linux.StreamSocket;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** Maps volumes to devices of this host, and unmaps them. Needs root. One thread's. */
public final class HostDisks implements AutoCloseable {
    /**
     * Bytes that the kernel reads and writes are multiples of this: what a guest has partitioned counts in these. File systems choose
     * larger blocks by themselves.
     */
    static final int BLOCK_SIZE = 512;

    /**
     * A request that was in flight when the connection ended is sent again so long after it was begun, at the latest; until then the
     * kernel does not look.
     */
    private static final long REQUEST_TIMEOUT_MS = 5_000;

    private static final int HANDSHAKE_MS = 30_000;
    private static final long END_MS = 10_000;
    private static final long POLL_NS = 10_000_000;

    /** CAP_SYS_ADMIN (linux/capability.h). */
    private static final int SYS_ADMIN = 21;

    private final DiskTable table;
    private final BlockSysfs sysfs = new BlockSysfs(Path.of("/sys/block"));
    private final KernelNbd kernel;

    private HostDisks(final DiskTable table, final KernelNbd kernel) {
        this.table = table;
        this.kernel = kernel;
    }

    /**
     * Begins.
     *
     * @throws HostDiskException when the process may not do this, or the kernel has no NBD client.
     */
    public static HostDisks open(final DiskTable table) throws HostDiskException {
        if (!maySetUp()) {
            throw new HostDiskException("disks of the host are for root only: run it as root");
        }
        return new HostDisks(table, KernelNbd.open());
    }

    private static boolean maySetUp() {
        try {
            return Files.readAllLines(Path.of("/proc/self/status")).stream()
                    .filter(line -> line.startsWith("CapEff:"))
                    .anyMatch(line -> (Long.parseUnsignedLong(line.substring(7).strip(), 16) >> SYS_ADMIN & 1) != 0);
        } catch (final IOException e) {
            // Then the kernel says it.
            return true;
        }
    }

    /**
     * The disk that a volume is already.
     *
     * @param identifier of the volume.
     */
    public Optional<HostDisk> find(final String identifier) throws HostDiskException {
        try {
            for (final HostDisk disk : table.disks()) {
                if (disk.identifier().equals(identifier) && sysfs.is(disk.index(), identifier)) {
                    return Optional.of(disk);
                }
            }
            return Optional.empty();
        } catch (final IOException e) {
            throw tableFailure(e);
        }
    }

    /**
     * Maps a volume; one that is mapped already stays as it is.
     *
     * @param wanted   with any index.
     * @param giveUp   how long requests wait without a connection before they fail, in whole seconds, at least 1.
     * @return the disk, at its device.
     * @throws HostDiskException when it can't be; nothing was changed then.
     */
    public HostDisk map(final HostDisk wanted, final Duration giveUp) throws HostDiskException {
        try (Closeable _ = table.lock()) {
            final List<Integer> there = sysfs.find(wanted.identifier());
            if (!there.isEmpty()) {
                return adopt(wanted.at(there.getFirst()));
            }
            if (table.disks().size() >= DiskTable.MAX_DISKS) {
                throw new HostDiskException("this host has " + DiskTable.MAX_DISKS + " mapped volumes already");
            }
            return connect(wanted, giveUp);
        } catch (final IOException e) {
            throw tableFailure(e);
        }
    }

    private HostDisk adopt(final HostDisk wanted) throws HostDiskException, IOException {
        final Optional<HostDisk> noted = table.read(wanted.index());
        if (noted.isEmpty()) {
            table.write(wanted);
            return wanted;
        }
        if (noted.get().isReadOnly() != wanted.isReadOnly()) {
            throw new HostDiskException("volume '" + wanted.volume() + "' is mapped "
                    + (wanted.isReadOnly() ? "for writing" : "read-only") + " already, at " + wanted.device()
                    + ": unmap it first");
        }
        return noted.get();
    }

    private HostDisk connect(final HostDisk wanted, final Duration giveUp) throws HostDiskException, IOException {
        try (StreamSocket socket = new ServerAddress(wanted.address()).connect(HANDSHAKE_MS)) {
            final NbdExport export = new NbdHandshake(socket, wanted.export(), HANDSHAKE_MS).begin();
            if (export.isReadOnly() && !wanted.isReadOnly()) {
                throw new HostDiskException(
                        "volume '" + wanted.volume() + "' can't be written from here now: it is read-only,"
                                + " or another session may write it ('varve status' tells); map it with --read-only");
            }
            final HostDisk disk = wanted.at(kernel.connect(new KernelNbd.Connection(
                    wanted.identifier(),
                    socket.fd(),
                    export.sizeBytes(),
                    BLOCK_SIZE,
                    export.kernelFlags(wanted.isReadOnly()),
                    Math.max(1, giveUp.toSeconds()))));
            try {
                sysfs.setRequestTimeout(disk.index(), REQUEST_TIMEOUT_MS);
                table.write(disk);
            } catch (final IOException e) {
                kernel.disconnect(disk.index());
                throw e;
            }
            return disk;
        } catch (final ErrnoException e) {
            throw new HostDiskException(
                    "volume '" + wanted.volume() + "' can't be mapped from " + wanted.address() + ": " + e.getMessage(),
                    e);
        }
    }

    /**
     * Unmaps a disk.
     *
     * @param force whether also one that is in use, and without writing what the host holds of it: what is in flight fails.
     * @throws HostDiskException when it is in use, or does not end.
     */
    public void unmap(final HostDisk disk, final boolean force) throws HostDiskException {
        try (Closeable _ = table.lock()) {
            if (sysfs.is(disk.index(), disk.identifier())) {
                if (force) {
                    kernel.disconnect(disk.index());
                } else {
                    end(disk);
                    awaitEnd(disk);
                }
            }
            table.remove(disk.index());
        } catch (final ErrnoException e) {
            throw new HostDiskException(disk.device() + " can't be unmapped: " + e.getMessage(), e);
        } catch (final IOException e) {
            throw tableFailure(e);
        }
    }

    /** Whoever uses the device, by mounting it or otherwise, has it for himself: so has this, until the device is gone. */
    private void end(final HostDisk disk) throws HostDiskException, ErrnoException {
        try (LinuxFile device = LinuxFile.open(disk.device(), LinuxFile.O_RDONLY | LinuxFile.O_EXCL)) {
            device.fsync();
            kernel.disconnect(disk.index());
        } catch (final ErrnoException e) {
            if (e.errno() == Errno.EBUSY) {
                throw new HostDiskException(
                        "volume '" + disk.volume() + "' is in use at " + disk.device() + ": unmount it first", e);
            }
            throw e;
        }
    }

    private void awaitEnd(final HostDisk disk) throws HostDiskException {
        final long deadlineNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(END_MS);
        while (sysfs.is(disk.index(), disk.identifier())) {
            if (System.nanoTime() - deadlineNs > 0) {
                throw new HostDiskException(
                        disk.device() + " is disconnected, and a process still has it open: end that");
            }
            LockSupport.parkNanos(POLL_NS);
        }
    }

    /** Size of a disk in bytes, as the kernel has it now. */
    public static long size(final HostDisk disk) {
        return new BlockSysfs(Path.of("/sys/block")).size(disk.index());
    }

    private static HostDiskException tableFailure(final IOException e) {
        return new HostDiskException("the list of mapped disks can't be read or written: " + e.getMessage(), e);
    }

    @Override
    public void close() {
        kernel.close();
    }
}

package io.varve.hostdisks;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Keeps all mapped disks of the host alive, in one process that runs as root. There is one at a time; it may be killed and started again
 * at any time, since all that it knows is in the table and in the kernel.
 */
public final class Mapper implements AutoCloseable {
    private static final long ROUND_MS = 500;

    /** So many rounds without a disk, and it may end. */
    private static final int IDLE_ROUNDS = 6;

    private final DiskTable table;
    private final Consumer<String> log;
    private final Closeable place;
    private final BlockSysfs sysfs = new BlockSysfs(Path.of("/sys/block"));
    private final Map<Integer, Keeper> keepers = new HashMap<>();

    private Mapper(final DiskTable table, final Consumer<String> log, final Closeable place) {
        this.table = table;
        this.log = log;
        this.place = place;
    }

    /**
     * Takes the place of the host's mapper.
     *
     * @param log is told what happens, in lines for people, by several threads.
     * @return empty when there is one.
     * @throws HostDiskException when the process may not do this.
     */
    public static Optional<Mapper> open(final DiskTable table, final Consumer<String> log) throws HostDiskException {
        HostDisks.open(table).close();
        try {
            return table.tryLockMapper().map(place -> new Mapper(table, log, place));
        } catch (final IOException e) {
            throw new HostDiskException("the list of mapped disks can't be written: " + e.getMessage(), e);
        }
    }

    /** Whether there is one on this host. */
    public static boolean isRunning(final DiskTable table) throws HostDiskException {
        try {
            final Optional<Closeable> place = table.tryLockMapper();
            if (place.isPresent()) {
                place.get().close();
            }
            return place.isEmpty();
        } catch (final IOException e) {
            throw new HostDiskException("the list of mapped disks can't be written: " + e.getMessage(), e);
        }
    }

    /**
     * Runs until the thread is interrupted.
     *
     * @param untilUnmapped whether it ends when no disk is mapped any more.
     */
    public void run(final boolean untilUnmapped) throws InterruptedException {
        int idle = 0;
        while (idle < IDLE_ROUNDS || !untilUnmapped || !endsNow()) {
            try {
                idle = turn() ? 0 : idle + 1;
            } catch (final IOException e) {
                log.accept("the list of mapped disks can't be read: " + e.getMessage());
            }
            Thread.sleep(ROUND_MS);
        }
    }

    /** Has a keeper for each disk; whether there are any. */
    private boolean turn() throws IOException {
        final List<HostDisk> disks = table.disks();
        for (final Keeper keeper : List.copyOf(keepers.values())) {
            final HostDisk disk = keeper.disk();
            if (!disks.contains(disk)) {
                keeper.end();
                keepers.remove(disk.index());
                table.setTrouble(disk.index(), null);
            } else if (!Objects.equals(keeper.trouble(), table.trouble(disk.index()))) {
                table.setTrouble(disk.index(), keeper.trouble());
            }
        }
        for (final HostDisk disk : disks) {
            if (!sysfs.is(disk.index(), disk.identifier())) {
                forget(disk);
            } else if (!keepers.containsKey(disk.index())) {
                keepers.put(disk.index(), new Keeper(disk, log));
            }
        }
        return !disks.isEmpty();
    }

    /** Somebody else has disconnected the device. */
    private void forget(final HostDisk disk) throws IOException {
        try (Closeable _ = table.lock()) {
            if (!sysfs.is(disk.index(), disk.identifier())
                    && table.read(disk.index()).filter(disk::equals).isPresent()) {
                table.remove(disk.index());
                log.accept(
                        "volume '" + disk.volume() + "' is no disk any more: " + disk.device() + " was disconnected");
            }
        }
    }

    /** No command maps anything between the last look and the end. */
    private boolean endsNow() {
        try (Closeable _ = table.lock()) {
            if (!table.disks().isEmpty()) {
                return false;
            }
            close();
            return true;
        } catch (final IOException e) {
            return false;
        }
    }

    /** Makes room for another one. */
    @Override
    public void close() {
        keepers.values().forEach(Keeper::end);
        keepers.clear();
        try {
            place.close();
        } catch (final IOException e) {
            log.accept("the mapper's place can't be left: " + e.getMessage());
        }
    }
}

package io.varve.lsvd;

import io.varve.linux.IoRing;
import io.varve.linux.LinuxFile;
import io.varve.lsvd.format.Superblock;
import io.varve.lsvd.log.LogGeometry;
import io.varve.lsvd.log.LogSuperblock;
import io.varve.lsvd.log.RingLogDevice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;

/**
 * The place of a volume's local log: {@code CACHE/<uuid>/log}. Opening locks it. A log that has been superseded is kept
 * beside, as {@code log.superseded-<epoch>}.
 */
final class LocalLog {
    private static final String FILE = "log";
    private static final String DRAFT = "log.new";

    private final Path directory;
    private final Path file;
    private final String name;

    LocalLog(final Path cacheDirectory, final UUID volume, final String name) {
        this.directory = cacheDirectory.resolve(volume.toString());
        this.file = directory.resolve(FILE);
        this.name = name;
    }

    Path file() {
        return file;
    }

    /** Opens and locks the log; null when there is none. */
    RingLogDevice open(final IoRing ring) throws VolumeException, IOException {
        if (!Files.exists(file)) {
            return null;
        }
        final RingLogDevice device = RingLogDevice.open(file, ring);
        if (device == null) {
            throw inUse();
        }
        return device;
    }

    /** Makes and locks a new log whose first superblock is durable before the log has its name. */
    RingLogDevice create(
            final IoRing ring,
            final LogGeometry geometry,
            final UUID volume,
            final Superblock.Tail tail,
            final Superblock.EpochClaim claim)
            throws VolumeException, IOException {
        Files.createDirectories(directory);
        final Path draft = directory.resolve(DRAFT);
        Files.deleteIfExists(draft);
        final RingLogDevice device = RingLogDevice.create(draft, ring, geometry.fileLength());
        if (device == null) {
            throw inUse();
        }
        final Superblock first =
                new Superblock(0, volume, geometry.areaLength(), geometry.windowLength(), 1, tail, List.of(claim));
        LogSuperblock.create(device, first).write(first);
        LinuxFile.rename(draft, file);
        LinuxFile.syncDirectory(directory);
        return device;
    }

    /** Puts a log that does not count any more aside; gives its new place. */
    Path setAside(final long epoch) throws IOException {
        Path aside = directory.resolve(FILE + ".superseded-" + epoch);
        for (int i = 1; Files.exists(aside); i++) {
            aside = directory.resolve(FILE + ".superseded-" + epoch + "-" + i);
        }
        LinuxFile.rename(file, aside);
        LinuxFile.syncDirectory(directory);
        return aside;
    }

    /** Whether another process has the log open. */
    boolean isInUse() throws IOException {
        if (!Files.exists(file)) {
            return false;
        }
        final RingLogDevice device = RingLogDevice.open(file, null);
        if (device == null) {
            return true;
        }
        device.close();
        return false;
    }

    boolean exists() {
        return Files.exists(file);
    }

    /** Deletes the log and everything beside it. */
    void delete() throws IOException {
        if (!Files.isDirectory(directory)) {
            return;
        }
        try (var entries = Files.newDirectoryStream(directory)) {
            for (final Path entry : entries) {
                Files.delete(entry);
            }
        }
        Files.delete(directory);
    }

    private VolumeException inUse() {
        return new VolumeException("volume '" + name + "' is in use: its log " + file
                + " is held by a running daemon; stop that one first");
    }
}

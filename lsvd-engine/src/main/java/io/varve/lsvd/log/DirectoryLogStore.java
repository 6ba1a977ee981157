package io.varve.lsvd.log;

import io.varve.linux.IoRing;
import io.varve.linux.LinuxFile;
import io.varve.lsvd.format.Superblock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A log in the file {@code CACHE/<uuid>/log}. One that has been superseded is kept beside it, as
 * {@code log.superseded-<epoch>}.
 */
public final class DirectoryLogStore implements LogStore {
    private static final String FILE = "log";
    private static final String DRAFT = "log.new";
    private static final String SUPERSEDED = FILE + ".superseded-";
    private static final Pattern UUID_FORM =
            Pattern.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}");

    private final Path directory;
    private final Path file;
    private final IoRing ring;

    /**
     * Makes the place of a volume's log.
     *
     * @param ring null when only blocking operations will be used.
     */
    public DirectoryLogStore(final Path cacheDirectory, final UUID volume, final IoRing ring) {
        this.directory = cacheDirectory.resolve(volume.toString());
        this.file = directory.resolve(FILE);
        this.ring = ring;
    }

    @Override
    public boolean exists() {
        return Files.exists(file);
    }

    @Override
    public LogDevice open() throws IOException {
        return locked(RingLogDevice.open(file, ring));
    }

    @Override
    public LogDevice create(final LogGeometry geometry, final Superblock first) throws IOException {
        Files.createDirectories(directory);
        final Path draft = directory.resolve(DRAFT);
        Files.deleteIfExists(draft);
        final LogDevice device = locked(RingLogDevice.create(draft, ring, geometry.fileLength()));
        try {
            LogSuperblock.create(device, first).write(first);
            LinuxFile.rename(draft, file);
            LinuxFile.syncDirectory(directory);
        } catch (final IOException e) {
            device.close();
            throw e;
        }
        return device;
    }

    @Override
    public String setAside(final long epoch) throws IOException {
        Path aside = directory.resolve(SUPERSEDED + epoch);
        for (int i = 1; Files.exists(aside); i++) {
            aside = directory.resolve(SUPERSEDED + epoch + "-" + i);
        }
        LinuxFile.rename(file, aside);
        LinuxFile.syncDirectory(directory);
        return aside.toString();
    }

    /** Whether another process has the log open. */
    public boolean isInUse() throws IOException {
        if (!exists()) {
            return false;
        }
        final LogDevice device = RingLogDevice.open(file, null);
        if (device == null) {
            return true;
        }
        device.close();
        return false;
    }

    @Override
    public void delete() throws IOException {
        Files.deleteIfExists(file);
        LinuxFile.syncDirectory(directory);
    }

    /** Deletes the log and everything that is kept beside it. */
    public void deleteAll() throws IOException {
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

    @Override
    public String name() {
        return file.toString();
    }

    /** Files of logs under a directory of logs: each volume's own, then what was set aside, oldest epoch first. */
    public static List<Path> list(final Path cacheDirectory) throws IOException {
        final List<Path> files = new ArrayList<>();
        if (!Files.isDirectory(cacheDirectory)) {
            return files;
        }
        try (Stream<Path> paths = Files.walk(cacheDirectory, 2)) {
            paths.filter(DirectoryLogStore::isLog)
                    .sorted(Comparator.comparing(Path::getParent)
                            .thenComparing(path -> path.getFileName().toString().length())
                            .thenComparing(Path::getFileName))
                    .forEach(files::add);
        }
        return files;
    }

    private static boolean isLog(final Path path) {
        final String name = path.getFileName().toString();
        return (name.equals(FILE) || name.startsWith(SUPERSEDED))
                && UUID_FORM.matcher(path.getParent().getFileName().toString()).matches()
                && Files.isRegularFile(path);
    }

    private LogDevice locked(final LogDevice device) throws LogInUseException {
        if (device == null) {
            throw new LogInUseException(file.toString());
        }
        return device;
    }
}

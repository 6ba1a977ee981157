package io.varve.lsvd.log;

import io.varve.linux.Errno;
import io.varve.linux.ErrnoException;
import io.varve.linux.IoRing;
import io.varve.linux.LinuxFile;
import io.varve.linux.OwnerOnly;
import io.varve.lsvd.format.Superblock;
import io.varve.lsvd.store.DurableDirectories;
import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileStore;
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
 * {@code log.superseded-<epoch>}; one that is being made is {@code log.new} until it is whole.
 *
 * <p>Any number of processes may do this at once. A file is renamed and removed only by who holds its lock, and a lock counts only
 * when the name still leads to the file that it is on. One {@code log.new} is there at a time, so whoever holds its lock
 * is the only one who can give a file the name {@code log}.
 */
public final class DirectoryLogStore implements LogStore {
    private static final String FILE = "log";
    private static final String DRAFT = "log.new";
    private static final String SUPERSEDED = FILE + ".superseded-";
    private static final Pattern UUID_FORM =
            Pattern.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}");

    /** What a log leaves free of the disk: a part of it, and no more than so many bytes. */
    private static final int KEPT_FREE_ONE_IN = 20;

    private static final long MAX_KEPT_FREE = 1L << 30;

    private final Path directory;
    private final Path file;
    private final IoRing ring;

    /**
     * Makes the place of a volume's log.
     *
     * @param ring null when only blocking operations will be used.
     */
    public DirectoryLogStore(final Path cacheDirectory, final UUID volume, final IoRing ring) {
        this.directory = cacheDirectory.toAbsolutePath().resolve(volume.toString());
        this.file = directory.resolve(FILE);
        this.ring = ring;
    }

    @Override
    public boolean exists() {
        return Files.exists(file);
    }

    @Override
    public LogDevice open() throws IOException {
        final LogDevice device = RingLogDevice.open(file, ring);
        if (device == null) {
            throw new LogInUseException(file.toString());
        }
        return device;
    }

    @Override
    public LogDevice create(final LogGeometry geometry, final Superblock first) throws IOException {
        new DurableDirectories().make(directory.toAbsolutePath());
        final Path draft = directory.resolve(DRAFT);
        final LinuxFile made = LinuxFile.openLocked(
                draft, LinuxFile.O_RDWR | LinuxFile.O_CREAT | LinuxFile.O_DIRECT, OwnerOnly.FILE_MODE);
        if (made == null || exists()) {
            remove(draft, made);
            throw new LogInUseException(file.toString());
        }
        LogDevice device = null;
        try {
            made.ftruncate(0);
            made.fallocate(0, 0, geometry.fileLength());
            made.fsync();
            device = RingLogDevice.over(made, ring);
            LogSuperblock.create(device, first).write(first);
            LinuxFile.rename(draft, file);
            LinuxFile.syncDirectory(directory);
        } catch (final IOException e) {
            remove(draft, made);
            throw e;
        }
        return device;
    }

    /** Removes a file that is open and locked, unless it has another name already, and closes it. */
    private static void remove(final Path path, final LinuxFile locked) throws IOException {
        if (locked == null) {
            return;
        }
        try {
            if (locked.isAt(path)) {
                LinuxFile.unlink(path);
            }
        } finally {
            locked.close();
        }
    }

    @Override
    public long room() throws IOException {
        Path there = directory;
        while (!Files.exists(there)) {
            there = there.getParent();
        }
        final FileStore disk = Files.getFileStore(there);
        final long kept = Math.min(MAX_KEPT_FREE, disk.getTotalSpace() / KEPT_FREE_ONE_IN);
        return Math.max(0, disk.getUsableSpace() + allocated() - kept);
    }

    private long allocated() throws IOException {
        if (!exists()) {
            return 0;
        }
        try (LinuxFile opened = LinuxFile.open(file, LinuxFile.O_RDONLY)) {
            return opened.stat().allocated();
        }
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

    /** Whether another process, or another part of this one, has the log open. */
    public boolean isInUse() throws IOException {
        return isInUse(file);
    }

    /** Whether a file of a log is open anywhere; false when there is none. */
    public static boolean isInUse(final Path file) throws IOException {
        try (LinuxFile opened = LinuxFile.open(file, LinuxFile.O_RDWR)) {
            return opened.isLockedByOther();
        } catch (final ErrnoException e) {
            if (e.errno() == Errno.ENOENT) {
                return false;
            }
            throw e;
        }
    }

    @Override
    public void delete() throws IOException {
        Files.deleteIfExists(file);
        LinuxFile.syncDirectory(directory);
    }

    /**
     * Deletes the log and everything that is kept beside it.
     *
     * @throws LogInUseException when some of it is open elsewhere; then all of it is left.
     */
    public void deleteAll() throws IOException {
        if (!Files.isDirectory(directory)) {
            return;
        }
        final List<LinuxFile> locked = new ArrayList<>();
        try {
            for (final Path entry : entries()) {
                final LinuxFile opened = LinuxFile.openLocked(entry, LinuxFile.O_RDWR, 0);
                if (opened == null) {
                    throw new LogInUseException(file.toString());
                }
                locked.add(opened);
            }
            for (final LinuxFile opened : locked) {
                LinuxFile.unlink(opened.path());
            }
        } finally {
            locked.forEach(LinuxFile::close);
        }
        try {
            Files.delete(directory);
        } catch (final DirectoryNotEmptyException e) {
            throw new LogInUseException(file.toString());
        }
    }

    private List<Path> entries() throws IOException {
        try (Stream<Path> all = Files.list(directory)) {
            return all.toList();
        }
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

    /** Whether a file is one that is being made, or that somebody who was killed has left half made. */
    public static boolean isDraft(final Path file) {
        return file.getFileName().toString().equals(DRAFT);
    }

    private static boolean isLog(final Path path) {
        final String name = path.getFileName().toString();
        return (name.equals(FILE) || name.equals(DRAFT) || name.startsWith(SUPERSEDED))
                && UUID_FORM.matcher(path.getParent().getFileName().toString()).matches()
                && Files.isRegularFile(path);
    }
}

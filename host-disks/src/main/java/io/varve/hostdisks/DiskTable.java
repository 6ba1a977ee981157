package io.varve.hostdisks;

import java.io.Closeable;
import java.io.IOException;
import java.io.Reader;
import java.io.Writer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Properties;

/**
 * Which disks are mapped: a file for each device in a directory that is gone with the next boot, as the devices are. Commands that
 * change something hold {@link #lock}; the mapper reads, and forgets devices that are gone. Any thread.
 */
public final class DiskTable {
    /** Where it is. */
    public static final Path DIRECTORY = Path.of("/run/varve-mapper");

    /** Most disks of a host. */
    static final int MAX_DISKS = 256;

    private static final String DISK = ".disk";
    private static final String TROUBLE = ".trouble";
    private static final String LOCK = "lock";
    private static final String MAPPER_LOCK = "mapper";

    private final Path directory;

    /** @param directory made when it is first written to. */
    public DiskTable(final Path directory) {
        this.directory = directory;
    }

    /** All disks, by the number of the device. */
    public List<HostDisk> disks() throws IOException {
        final List<HostDisk> disks = new ArrayList<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "nbd*" + DISK)) {
            for (final Path file : files) {
                final String name = file.getFileName().toString();
                final String number = name.substring(3, name.length() - DISK.length());
                if (number.matches("[0-9]{1,7}")) {
                    read(Integer.parseInt(number)).ifPresent(disks::add);
                }
            }
        } catch (final NoSuchFileException | NotDirectoryException e) {
            return List.of();
        }
        disks.sort(Comparator.comparing(HostDisk::index));
        return disks;
    }

    /** The disk of a device, if it has one. */
    public Optional<HostDisk> read(final int index) throws IOException {
        final Properties properties = new Properties();
        try (Reader in = Files.newBufferedReader(file(index, DISK))) {
            properties.load(in);
        } catch (final NoSuchFileException e) {
            return Optional.empty();
        }
        return Optional.of(HostDisk.ofProperties(index, properties));
    }

    /** The disk that a user means: by the name of its volume, or its device. */
    public Optional<HostDisk> find(final String volumeOrDevice) throws IOException {
        return disks().stream()
                .filter(disk -> disk.volume().equals(volumeOrDevice)
                        || disk.device().toString().equals(volumeOrDevice))
                .findFirst();
    }

    void write(final HostDisk disk) throws IOException {
        final Path draft = file(disk.index(), ".new");
        try (Writer out = Files.newBufferedWriter(draft)) {
            disk.toProperties().store(out, null);
        }
        Files.deleteIfExists(file(disk.index(), TROUBLE));
        Files.move(draft, file(disk.index(), DISK), StandardCopyOption.ATOMIC_MOVE);
    }

    void remove(final int index) throws IOException {
        Files.deleteIfExists(file(index, TROUBLE));
        Files.deleteIfExists(file(index, DISK));
    }

    /** What keeps a disk from being connected, in one line for people; null for nothing. */
    public String trouble(final int index) throws IOException {
        try {
            return Files.readString(file(index, TROUBLE)).strip();
        } catch (final NoSuchFileException e) {
            return null;
        }
    }

    /** Notes it; null for nothing. */
    void setTrouble(final int index, final String line) throws IOException {
        if (line == null) {
            Files.deleteIfExists(file(index, TROUBLE));
        } else {
            Files.writeString(file(index, TROUBLE), line + "\n");
        }
    }

    /**
     * Waits until no other command changes anything.
     *
     * @return to be closed.
     * @throws IOException when the directory can't be written.
     */
    Closeable lock() throws IOException {
        final FileChannel channel = open(LOCK);
        channel.lock();
        return channel;
    }

    /** Takes the place of the one mapper; empty when there is one. Held until it is closed, or the process ends. */
    Optional<Closeable> tryLockMapper() throws IOException {
        final FileChannel channel = open(MAPPER_LOCK);
        final FileLock lock = channel.tryLock();
        if (lock == null) {
            channel.close();
            return Optional.empty();
        }
        return Optional.of(channel);
    }

    private FileChannel open(final String name) throws IOException {
        Files.createDirectories(
                directory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-xr-x")));
        return FileChannel.open(directory.resolve(name), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    }

    private Path file(final int index, final String ending) {
        return directory.resolve("nbd" + index + ending);
    }
}

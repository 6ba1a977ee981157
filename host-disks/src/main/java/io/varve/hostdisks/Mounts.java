package io.varve.hostdisks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** File systems on mapped disks: making, mounting and unmounting them, by the programs of the host. Any thread. */
public final class Mounts {
    private static final Path TABLE = Path.of("/proc/self/mountinfo");
    private static final Pattern ESCAPE = Pattern.compile("\\\\([0-7]{3})");

    private Mounts() {}

    private record Entry(Path directory, String source) {}

    /** Where a disk, or a part of it, is mounted. */
    public static List<Path> of(final HostDisk disk) throws HostDiskException {
        return entries().stream()
                .filter(entry -> isOn(disk, entry.source))
                .map(Entry::directory)
                .toList();
    }

    /** The disk whose file system is mounted at a directory, if it is one of these. */
    public static Optional<HostDisk> at(final Path directory, final List<HostDisk> disks) throws HostDiskException {
        // The last one hides those before.
        return entries().stream()
                .filter(entry -> entry.directory.equals(directory))
                .reduce((first, second) -> second)
                .flatMap(entry ->
                        disks.stream().filter(disk -> isOn(disk, entry.source)).findFirst());
    }

    private static boolean isOn(final HostDisk disk, final String source) {
        return source.matches(Pattern.quote(disk.device().toString()) + "(p[0-9]+)?");
    }

    private static List<Entry> entries() throws HostDiskException {
        try {
            return parse(Files.readAllLines(TABLE)).stream().toList();
        } catch (final IOException e) {
            throw new HostDiskException("the list of mounts can't be read: " + e.getMessage(), e);
        }
    }

    /** Lines of mountinfo (proc(5)): six fields, any number of options up to a hyphen, then type, source and more. */
    private static List<Entry> parse(final List<String> lines) {
        final List<Entry> entries = new ArrayList<>();
        for (final String line : lines) {
            final String[] halves = line.split(" - ", 2);
            final String[] before = halves[0].split(" ");
            final String[] behind = halves.length < 2 ? new String[0] : halves[1].split(" ");
            if (before.length >= 6 && behind.length >= 2) {
                entries.add(new Entry(Path.of(unescape(before[4])), unescape(behind[1])));
            }
        }
        return entries;
    }

    private static String unescape(final String text) {
        return ESCAPE.matcher(text)
                .replaceAll(
                        match -> Matcher.quoteReplacement(String.valueOf((char) Integer.parseInt(match.group(1), 8))));
    }

    /**
     * Mounts a disk; makes a file system first if it is blank and one is named.
     *
     * @param fileSystem kind of the file system, as in the name of its {@code mkfs} program; null to make none.
     * @param options    as for {@code mount -o}; null for none.
     * @param isBlank    asked before a file system is made, on top of what the disk's ends tell.
     * @throws HostDiskException when it is blank and none is named, when it holds something else, or it fails.
     */
    public static void mount(
            final HostDisk disk,
            final Path directory,
            final String fileSystem,
            final String options,
            final Blank isBlank)
            throws HostDiskException {
        final String contents = contents(disk);
        if (contents == null) {
            if (fileSystem == null) {
                throw new HostDiskException("volume '" + disk.volume()
                        + "' is blank: say which file system is to be made on it, as with --fs ext4");
            }
            if (!isBlank.isBlank()) {
                throw new HostDiskException("volume '" + disk.volume() + "' holds " + DiskContents.UNKNOWN
                        + ", although not at its ends: no file system is made over it");
            }
            make(disk, fileSystem);
        } else if (fileSystem != null && !isOf(fileSystem, contents)) {
            throw new HostDiskException("volume '" + disk.volume() + "' holds " + contents + ", not " + fileSystem
                    + ": nothing is made over it; leave out --fs to mount what is there");
        }
        final List<String> command = new ArrayList<>(List.of("mount"));
        final String all = disk.isReadOnly() ? (options == null ? "ro" : "ro," + options) : options;
        if (all != null) {
            command.addAll(List.of("-o", all));
        }
        command.addAll(List.of(disk.device().toString(), directory.toString()));
        Programs.run(command);
    }

    /** Tells of a disk whose ends are zeros whether all else is, as far as that can be known. */
    public interface Blank {
        /** Whether nothing is known to be there. */
        boolean isBlank() throws HostDiskException;
    }

    private static String contents(final HostDisk disk) throws HostDiskException {
        try {
            return DiskContents.find(disk.device(), HostDisks.size(disk));
        } catch (final IOException e) {
            throw new HostDiskException(disk.device() + " can't be read: " + e.getMessage(), e);
        }
    }

    private static boolean isOf(final String fileSystem, final String contents) {
        return fileSystem.equals(contents) || "ext4".equals(contents) && fileSystem.matches("ext[23]");
    }

    private static void make(final HostDisk disk, final String fileSystem) throws HostDiskException {
        if (disk.isReadOnly()) {
            throw new HostDiskException(
                    "volume '" + disk.volume() + "' is mapped read-only: no file system can be made on it");
        }
        final List<String> command = new ArrayList<>(List.of("mkfs." + fileSystem));
        switch (fileSystem) {
            // Its log is written in sectors: whole blocks of the volume need not be read first.
            case "xfs" -> command.addAll(List.of("-s", "size=4096"));
            // What is blank need not be discarded.
            case "ext2", "ext3", "ext4" -> command.addAll(List.of("-E", "nodiscard"));
            default -> {}
        }
        command.add(disk.device().toString());
        Programs.run(command);
    }

    /** Unmounts what is mounted at a directory. */
    public static void unmount(final Path directory) throws HostDiskException {
        Programs.run(List.of("umount", directory.toString()));
    }
}

package io.varve.testvms.powercut;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** A file system that the recorded disk is given. */
public enum FileSystem {
    /** With a journal of metadata, data before it. */
    EXT4("-q", "-F"),
    /** With a log of metadata. */
    XFS("-q", "-f"),
    /** Copy on write. */
    BTRFS("-q", "-f");

    /** Bytes of the smallest one that all of them make. */
    static final long SIZE = 384L << 20;

    private final List<String> options;

    FileSystem(final String... options) {
        this.options = List.of(options);
    }

    /** What the kernel calls it, and the module of it. */
    public String id() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Whether this machine's kernel knows it, if need be once it has loaded the module. */
    public boolean isMountable() throws IOException, InterruptedException {
        if (!isKnown()) {
            try {
                Commands.run("modprobe", "-q", id());
            } catch (final IOException e) {
                // Then it is not there.
                return false;
            }
        }
        return isKnown();
    }

    private boolean isKnown() throws IOException {
        return Files.readString(Path.of("/proc/filesystems")).contains("\t" + id() + "\n");
    }

    /** The program that makes it. */
    public String maker() {
        return "mkfs." + id();
    }

    /** The command that makes it in a file. */
    public List<String> making(final Path file) {
        final List<String> command = new ArrayList<>(List.of(maker()));
        command.addAll(options);
        command.add(file.toString());
        return command;
    }
}

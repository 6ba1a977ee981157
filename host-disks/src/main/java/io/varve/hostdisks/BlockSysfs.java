package io.varve.hostdisks;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What the kernel tells of its NBD devices under {@code /sys/block}. Any thread. */
final class BlockSysfs {
    private static final int SECTOR_SIZE = 512;

    private final Path root;

    /** @param root {@code /sys/block}. */
    BlockSysfs(final Path root) {
        this.root = root;
    }

    /** Numbers of the devices that have the identifier. */
    List<Integer> find(final String identifier) {
        final List<Integer> found = new ArrayList<>();
        try (DirectoryStream<Path> devices = Files.newDirectoryStream(root, "nbd*")) {
            for (final Path device : devices) {
                final String number = device.getFileName().toString().substring(3);
                if (number.matches("[0-9]{1,7}") && is(Integer.parseInt(number), identifier)) {
                    found.add(Integer.valueOf(number));
                }
            }
        } catch (final IOException e) {
            return List.of();
        }
        return found;
    }

    /** Whether a device is in use, and has the identifier. */
    boolean is(final int index, final String identifier) {
        return isUsed(index) && identifier.equals(read(index, "backend"));
    }

    /** Whether a device is in use. */
    boolean isUsed(final int index) {
        return Files.exists(attribute(index, "pid"));
    }

    /** Size of a device in bytes; 0 when there is none. */
    long size(final int index) {
        final String sectors = read(index, "size");
        return sectors == null ? 0 : Long.parseLong(sectors) * SECTOR_SIZE;
    }

    /**
     * Sets after which time the kernel looks whether a request was lost with its connection.
     *
     * @throws IOException when it can't be set.
     */
    void setRequestTimeout(final int index, final long ms) throws IOException {
        Files.writeString(attribute(index, "queue/io_timeout"), Long.toString(ms));
    }

    private String read(final int index, final String name) {
        try {
            return Files.readString(attribute(index, name)).strip();
        } catch (final IOException e) {
            // The device is not in use, or is just ending.
            return null;
        }
    }

    private Path attribute(final int index, final String name) {
        return root.resolve("nbd" + index).resolve(name);
    }
}

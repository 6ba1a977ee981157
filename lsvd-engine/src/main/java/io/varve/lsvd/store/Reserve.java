package io.varve.lsvd.store;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.UUID;

/**
 * Room for a few small objects on a file system that is full: {@value #FILES} files that hold theirs, each of which can become one. They
 * are made while there is room. For any thread, and any process that has the same store: who renames a file has it.
 */
final class Reserve {
    /** Greatest length of an object in bytes. */
    static final int LENGTH = 4096;

    private static final int FILES = 16;

    private final Path directory;
    private final DurableDirectories directories;
    private volatile boolean isFull;

    Reserve(final Path directory, final DurableDirectories directories) {
        this.directory = directory;
        this.directories = directories;
    }

    /** Makes the files that are missing, as far as there is room. */
    void fill() {
        if (isFull) {
            return;
        }
        try {
            directories.make(directory);
            for (int i = count(); i < FILES; i++) {
                add();
            }
            isFull = true;
        } catch (final IOException e) {
            // There is no room, or this is somebody who may only read: it is tried again when something has been
            // deleted.
            isFull = false;
        }
    }

    private int count() throws IOException {
        int count = 0;
        try (var files = Files.newDirectoryStream(directory)) {
            for (final Path file : files) {
                count += file.getFileName() == null ? 0 : 1;
            }
        }
        return count;
    }

    private void add() throws IOException {
        final Path file = directory.resolve(UUID.randomUUID().toString());
        try {
            overwrite(file, ByteBuffer.allocate(LENGTH));
        } catch (final IOException e) {
            Files.deleteIfExists(file);
            throw e;
        }
    }

    /**
     * Makes a file that is durable, but for its name, of one of the reserve.
     *
     * @return false when none is left: then there is no such file.
     */
    boolean write(final Path target, final MemorySegment body) throws IOException {
        if (!take(target)) {
            return false;
        }
        overwrite(target, body.asByteBuffer());
        return true;
    }

    /** Gives the room of one file back to the file system; false when none is left. */
    boolean giveUpOne() throws IOException {
        final Path file = directory.resolveSibling(UUID.randomUUID().toString());
        if (!take(file)) {
            return false;
        }
        Files.delete(file);
        return true;
    }

    private boolean take(final Path target) throws IOException {
        isFull = false;
        if (!Files.isDirectory(directory)) {
            return false;
        }
        try (var files = Files.newDirectoryStream(directory)) {
            for (final Path file : files) {
                try {
                    Files.move(file, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
                    return true;
                } catch (final NoSuchFileException e) {
                    // Another has taken it.
                    continue;
                }
            }
        }
        return false;
    }

    /** In place, so that what the file has already is enough. */
    private static void overwrite(final Path file, final ByteBuffer bytes) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE, StandardOpenOption.CREATE)) {
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.truncate(channel.position());
            channel.force(true);
        }
    }
}

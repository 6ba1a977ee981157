package io.varve.lsvd.store;

import io.varve.linux.OwnerOnly;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/**
 * Makes directories that outlive the loss of power. That a directory is there does not say that it will stay: who made it may
 * not have synced its parent yet. So only those count that this object has seen durable itself, and only while they are the
 * very same: another process may take one away and make it again. For any thread.
 */
public final class DurableDirectories {
    /** Directories remembered at most; then all are forgotten, which costs a sync for each that is met again. */
    static final int MAX_KNOWN = 10_000;

    private final ConcurrentMap<Path, Identity> known = new ConcurrentHashMap<>();
    private final Sync sync;
    private volatile StoreModes modes = StoreModes.OWNER_ONLY;

    /** Directories of the file system. */
    public DurableDirectories() {
        this(DurableDirectories::syncNow);
    }

    /** Directories that are made durable by what is given. */
    DurableDirectories(final Sync sync) {
        this.sync = sync;
    }

    /** Sets the permissions of directories that are made from now on; the owner's alone before. */
    void modes(final StoreModes value) {
        modes = value;
    }

    /**
     * Makes a directory and its parents, each one durable in its own parent before the next is made.
     *
     * @throws NoSuchFileException        when one was taken away meanwhile: try again.
     * @throws FileAlreadyExistsException when a file is in the way.
     */
    public void make(final Path directory) throws IOException {
        final Path parent = directory.getParent();
        if (parent == null || isKnown(directory)) {
            return;
        }
        make(parent);
        try {
            if (!Files.isDirectory(directory)) {
                Files.createDirectory(directory, OwnerOnly.DIRECTORY);
                modes.applyTo(directory);
            }
        } catch (final FileAlreadyExistsException e) {
            if (!Files.exists(directory)) {
                throw new NoSuchFileException(directory.toString(), null, "taken away at the same time");
            }
            if (!Files.isDirectory(directory)) {
                throw e;
            }
        }
        remember(directory, parent);
    }

    /**
     * Makes the names durable that others have given in a directory, and those of the directories on the way to it.
     *
     * @throws NoSuchFileException when a directory is not there any more.
     */
    void confirm(final Path directory) throws IOException {
        confirmDirectory(directory);
        sync.sync(directory);
    }

    private void confirmDirectory(final Path directory) throws IOException {
        final Path parent = directory.getParent();
        if (parent != null && !isKnown(directory)) {
            confirmDirectory(parent);
            remember(directory, parent);
        }
    }

    private void remember(final Path directory, final Path parent) throws IOException {
        final Identity identity = Identity.of(directory);
        sync.sync(parent);
        if (known.size() >= MAX_KNOWN) {
            known.clear();
        }
        known.put(directory, identity);
    }

    /** Takes a directory that has been there before for durable. */
    void trust(final Path directory) throws IOException {
        known.put(directory, Identity.of(directory));
    }

    /** Makes durable which names a directory has. */
    void sync(final Path directory) throws IOException {
        sync.sync(directory);
    }

    private boolean isKnown(final Path directory) throws IOException {
        final Identity identity = known.get(directory);
        try {
            return identity != null && identity.equals(Identity.of(directory));
        } catch (final NoSuchFileException e) {
            return false;
        }
    }

    private static void syncNow(final Path directory) throws IOException {
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        } catch (final AccessDeniedException e) {
            // A parent that may be passed through and not read: its owner made it durable.
            return;
        }
    }

    /** Makes durable which names a directory has. */
    @FunctionalInterface
    interface Sync {
        void sync(Path directory) throws IOException;
    }

    /** Which directory stands under a path: numbers of files are used again, but not at the same time of birth. */
    private record Identity(Object fileKey, FileTime born) {
        static Identity of(final Path directory) throws IOException {
            final BasicFileAttributes attributes = Files.readAttributes(directory, BasicFileAttributes.class);
            return new Identity(attributes.fileKey(), attributes.creationTime());
        }
    }
}

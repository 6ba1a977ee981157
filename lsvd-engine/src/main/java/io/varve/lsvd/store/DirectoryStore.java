package io.varve.lsvd.store;

import io.varve.linux.Background;
import io.varve.linux.Errno;
import io.varve.linux.ErrnoException;
import io.varve.linux.LinuxFile;
import io.varve.linux.OwnerOnly;
import io.varve.lsvd.runtime.UnexpectedErrors;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.UnaryOperator;

/**
 * A store in a directory: each object is a file whose path is its key.
 *
 * <p>An object is written to a temporary file, synced, and given its name by {@code link(2)}, which fails if the name is
 * taken; then the directory is synced. So a creation is atomic, exclusive and durable on any POSIX file system, shared ones
 * included; and one that finds its name taken says so only when that name is durable too. What has to be created before anything can
 * be deleted finds room in a {@link Reserve}, however full the file system is. Creations and deletions are done by
 * {@value #THREADS} threads in the background; reads by as many others, and by as many in the background again for threads that are
 * {@linkplain Background there} themselves. While the directory is gone, or another one is in its place, every operation fails as one
 * of a store that is away.
 */
public final class DirectoryStore implements ObjectStore {
    private static final int THREADS = 4;
    private static final int MAX_TRIES = 1000;
    private static final int ALIGNMENT = 4096;
    private static final int PIECE = 256 << 10;
    private static final long LEAST_DIRECT = 1L << 20;
    private static final long SHORT_OF_MEMORY_NS = 100_000_000;

    /** Only a seal is as short. */
    private static final int SEAL_LENGTH = 128;

    private static final String TEMPORARY = ".tmp";
    private static final String CROSS_DEVICE = "Invalid cross-device link";
    private static final String RESERVE = "reserve";
    private static final String INODE = "unix:ino";

    /** A piece of its own, of each thread that reads. */
    private static final ThreadLocal<MemorySegment> OF_THREAD = new ThreadLocal<>();

    private static final Duration TEMPORARY_LIFETIME = Duration.ofDays(1);

    private final Path root;
    private final Path temporary;
    private final Reserve reserve;

    /** Nobody waits for an object to be there, or to be gone, as a guest waits for a read. */
    private final ThreadPoolExecutor writers;

    private final ThreadPoolExecutor readers;

    /** Of its own, so that what is wanted in the background does not wait for creations. */
    private final ThreadPoolExecutor backgroundReaders;

    private final Object rootInode;
    private volatile boolean isDirect = true;

    private final DurableDirectories directories;
    private final StoreModes modes;

    private DirectoryStore(final Path root, final DurableDirectories directories) throws IOException {
        this.root = root;
        this.directories = directories;
        this.rootInode = Files.getAttribute(root, INODE);
        this.temporary = root.resolve(TEMPORARY);
        this.modes = StoreModes.of(root);
        directories.modes(modes);
        this.reserve = new Reserve(temporary.resolve(RESERVE), directories);
        writers = pool("varve-directory-store-writer", Background::task);
        writers.allowCoreThreadTimeOut(true);
        backgroundReaders = pool("varve-directory-store-background", task -> Background.task(withPiece(task)));
        backgroundReaders.allowCoreThreadTimeOut(true);
        readers = pool("varve-directory-store-reader", DirectoryStore::withPiece);
        // Now, and to stay: a thread is as nice as the one that starts it, which later may be one in the background.
        readers.prestartAllCoreThreads();
    }

    private static ThreadPoolExecutor pool(final String name, final UnaryOperator<Runnable> around) {
        return new ThreadPoolExecutor(THREADS, THREADS, 10, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), runnable -> {
            final Thread thread = new Thread(around.apply(runnable), name);
            thread.setDaemon(true);
            return thread;
        });
    }

    private static Runnable withPiece(final Runnable runnable) {
        return () -> {
            try (Arena arena = Arena.ofConfined()) {
                OF_THREAD.set(arena.allocate(PIECE));
                runnable.run();
            }
        };
    }

    /**
     * Opens a directory as a store.
     *
     * @param create whether to make the directory when it is missing.
     * @throws StoreException when it is missing, no directory, or may not be read or written: one line that says which.
     */
    public static DirectoryStore open(final Path directory, final boolean create) throws StoreException {
        return open(directory, create, new DurableDirectories());
    }

    static DirectoryStore open(final Path directory, final boolean create, final DurableDirectories directories)
            throws StoreException {
        final Path root = directory.toAbsolutePath().normalize();
        try {
            if (create) {
                directories.make(root);
            }
            if (!Files.exists(root)) {
                throw new StoreException("store directory " + root + " does not exist");
            }
            if (!Files.isDirectory(root)) {
                throw new StoreException("store " + root + " is not a directory");
            }
            if (!Files.isReadable(root) || !Files.isExecutable(root)) {
                throw new StoreException("store directory " + root + " cannot be read: permission denied");
            }
            FileSystemCheck.require(root);
            directories.trust(root);
            final DirectoryStore store = new DirectoryStore(root, directories);
            store.deleteStaleTemporaries();
            store.reserve.fill();
            return store;
        } catch (final IOException e) {
            throw e instanceof StoreException known ? known : describe(e, "cannot open store directory " + root);
        }
    }

    @Override
    public CompletableFuture<Boolean> putIfAbsent(final String key, final MemorySegment body) {
        return submit(writers, () -> create(key, body), "cannot create " + key);
    }

    @Override
    public CompletableFuture<Integer> get(final String key, final long offset, final MemorySegment target) {
        return submit(reader(), () -> read(key, offset, target), "cannot read " + key);
    }

    @Override
    public CompletableFuture<List<StoredObject>> list(final String prefix, final String after, final int limit) {
        return submit(reader(), () -> listNow(prefix, after, limit), "cannot list " + prefix);
    }

    private ExecutorService reader() {
        return Background.isHere() ? backgroundReaders : readers;
    }

    @Override
    public CompletableFuture<Void> delete(final String key) {
        return submit(writers, () -> remove(key), "cannot delete " + key);
    }

    @Override
    public CompletableFuture<Void> confirm(final String prefix) {
        return submit(writers, () -> confirmNow(prefix), "cannot confirm what is under " + prefix);
    }

    @Override
    public String url() {
        return "file://" + root;
    }

    @Override
    public void close() {
        writers.shutdown();
        readers.shutdown();
        backgroundReaders.shutdown();
    }

    private boolean create(final String key, final MemorySegment body) throws IOException {
        final Path path = path(key);
        if (Files.exists(path)) {
            return confirmTaken(path);
        }
        directories.make(temporary);
        final Path draft = temporary.resolve(UUID.randomUUID().toString());
        try {
            if (!isRoomReserved(key, body)) {
                write(draft, body);
                return name(path, draft);
            }
            try {
                write(draft, body);
                return name(path, draft);
            } catch (final IOException e) {
                if (!reserve.write(draft, body)) {
                    throw e;
                }
                modes.applyToFile(draft);
                return nameWithReserve(path, draft);
            }
        } finally {
            Files.deleteIfExists(draft);
        }
    }

    /** Whether an object is what has to be created before others can be deleted. */
    private static boolean isRoomReserved(final String key, final MemorySegment body) {
        return Keys.isOfRemoval(key) && body.byteSize() <= Reserve.LENGTH
                || Keys.isOfLog(key) && body.byteSize() <= SEAL_LENGTH;
    }

    /** Gives a draft its name, durably. */
    private boolean name(final Path path, final Path draft) throws IOException {
        if (!link(path, draft)) {
            return confirmTaken(path);
        }
        directories.sync(path.getParent());
        return true;
    }

    /** A name takes room as well, where its directory is full or is not there yet. */
    private boolean nameWithReserve(final Path path, final Path draft) throws IOException {
        for (int tries = 1; ; tries++) {
            try {
                return name(path, draft);
            } catch (final IOException e) {
                if (tries == MAX_TRIES || !reserve.giveUpOne()) {
                    throw e;
                }
            }
        }
    }

    /**
     * What is in the way may be of an earlier try of the same creation, which was broken off before its name was durable: whoever is
     * told that it is taken, and finds its own object there, believes that it is stored.
     */
    private boolean confirmTaken(final Path path) throws IOException {
        confirm(path.getParent());
        return false;
    }

    private Void confirmNow(final String prefix) throws IOException {
        if (!prefix.endsWith("/") || !Keys.isPrefix(prefix)) {
            throw new StoreException("not the beginning of a key up to a slash: '" + prefix + "'");
        }
        confirm(root.resolve(prefix));
        return null;
    }

    private void confirm(final Path directory) throws IOException {
        try {
            directories.confirm(directory);
        } catch (final NoSuchFileException e) {
            // What was in it has been deleted meanwhile.
            return;
        }
    }

    /**
     * Writes a file that is durable then. What is large goes past the page cache, piece by piece: the disk gets no more of it at a
     * time, so that a guest's write that comes meanwhile does not wait for a whole object.
     */
    private void write(final Path draft, final MemorySegment body) throws IOException {
        final int written = body.byteSize() < LEAST_DIRECT ? 0 : writeDirectly(draft, body);
        try (FileChannel channel =
                FileChannel.open(draft, Set.of(StandardOpenOption.WRITE, StandardOpenOption.CREATE), OwnerOnly.FILE)) {
            modes.applyToFile(draft);
            final ByteBuffer rest = body.asSlice(written).asByteBuffer();
            channel.position(written);
            while (rest.hasRemaining()) {
                channel.write(rest);
            }
            channel.force(true);
        }
    }

    /** Writes all but what is left behind the last whole block, and gives its length; or 0 where this can't be done. */
    private int writeDirectly(final Path draft, final MemorySegment body) {
        if (!isDirect || body.address() % ALIGNMENT != 0) {
            return 0;
        }
        final int end = (int) body.byteSize() & -ALIGNMENT;
        try (LinuxFile file = LinuxFile.open(
                draft, LinuxFile.O_WRONLY | LinuxFile.O_CREAT | LinuxFile.O_DIRECT, OwnerOnly.FILE_MODE)) {
            for (int at = 0; at < end; at += PIECE) {
                Background.pause();
                file.pwrite(body.address() + at, Math.min(PIECE, end - at), at);
            }
            return end;
        } catch (final ErrnoException e) {
            // Not every file system has it; whatever else is wrong shows again the other way.
            isDirect = e.errno() != Errno.EINVAL;
            return 0;
        }
    }

    /** Gives a file its name if that is free, in a directory that whoever deletes may take away at any moment. */
    private boolean link(final Path path, final Path draft) throws IOException {
        for (int tries = 1; ; tries++) {
            try {
                directories.make(path.getParent());
                try {
                    Files.createLink(path, draft);
                    return true;
                } catch (final FileAlreadyExistsException e) {
                    return false;
                }
            } catch (final NoSuchFileException e) {
                if (tries == MAX_TRIES) {
                    throw e;
                }
            }
        }
    }

    private int read(final String key, final long offset, final MemorySegment target) throws IOException {
        try (LinuxFile file = LinuxFile.open(path(key), LinuxFile.O_RDONLY)) {
            file.readNothingAhead();
            return read(file, offset, target);
        } catch (final ErrnoException e) {
            // What other keys lie under is no object itself.
            if (e.errno() != Errno.ENOENT && e.errno() != Errno.ENOTDIR && e.errno() != Errno.EISDIR) {
                throw e;
            }
            requireTop(key);
            final NoSuchObjectException missing = new NoSuchObjectException(key);
            missing.initCause(e);
            throw missing;
        }
    }

    /**
     * Reads piece by piece, for the same reason, and through memory of the thread's own: that of the target may be freed meanwhile,
     * when whoever asked has given up, which a copy notices and the kernel would not.
     */
    private static int read(final LinuxFile file, final long offset, final MemorySegment target) throws ErrnoException {
        final MemorySegment piece = OF_THREAD.get();
        long done = 0;
        long wanted;
        long length;
        do {
            Background.pause();
            // A byte where nothing is asked for, so that a directory says what it is.
            wanted = Math.clamp(target.byteSize() - done, 1, PIECE);
            length = file.pread(piece.address(), wanted, offset + done);
            final long asked = Math.min(length, target.byteSize() - done);
            MemorySegment.copy(piece, 0, target, done, asked);
            done += asked;
        } while (length == wanted && done < target.byteSize());
        return (int) done;
    }

    private Void remove(final String key) throws IOException {
        final Path path = path(key);
        try {
            if (!Files.isDirectory(path)) {
                Files.deleteIfExists(path);
                deleteEmpty(path.getParent());
                reserve.fill();
            }
        } catch (final FileSystemException e) {
            if (!isMissing(e)) {
                throw e;
            }
        }
        return null;
    }

    /** Deletes a directory that holds nothing any more, and its parents as far as that holds for them. */
    private void deleteEmpty(final Path directory) throws IOException {
        try {
            for (Path empty = directory; !empty.equals(root); empty = empty.getParent()) {
                Files.deleteIfExists(empty);
            }
        } catch (final DirectoryNotEmptyException e) {
            return;
        }
    }

    /** Whether a file is not there for sure; that a part of its path is a file (ENOTDIR) is told by a message only. */
    private static boolean isMissing(final FileSystemException e) {
        return e instanceof NoSuchFileException || "Not a directory".equals(e.getReason());
    }

    private List<StoredObject> listNow(final String prefix, final String after, final int limit) throws IOException {
        if (!Keys.isPrefix(prefix)) {
            throw new StoreException("not the beginning of a key: '" + prefix + "'");
        }
        final int directoryEnd = prefix.lastIndexOf('/');
        final Path start = directoryEnd < 0 ? root : root.resolve(prefix.substring(0, directoryEnd));
        final List<StoredObject> found = new ArrayList<>();
        if (!isDirectory(start, prefix)) {
            return found;
        }
        Files.walkFileTree(start, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(final Path directory, final BasicFileAttributes attributes) {
                return directory.equals(temporary) || isBefore(root.relativize(directory) + "/", after)
                        ? FileVisitResult.SKIP_SUBTREE
                        : FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(final Path file, final BasicFileAttributes attributes) {
                final String key = root.relativize(file).toString();
                if (key.startsWith(prefix) && key.compareTo(after) > 0) {
                    found.add(new StoredObject(key, attributes.size()));
                }
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(final Path file, final IOException e) throws IOException {
                // What can't be the beginning of a key holds no objects, whoever may read it.
                if (e instanceof NoSuchFileException
                        || !Keys.isPrefix(root.relativize(file).toString())) {
                    return FileVisitResult.CONTINUE;
                }
                throw e;
            }
        });
        found.sort(Comparator.comparing(StoredObject::key));
        return found.size() > limit ? found.subList(0, limit) : found;
    }

    /** Whether all keys that begin with a text come before another text. */
    private static boolean isBefore(final String beginning, final String text) {
        return beginning.length() > 1 && beginning.compareTo(text) < 0 && !text.startsWith(beginning);
    }

    /** Whether there is a directory to be listed: what can't be looked at must not be taken for an empty one. */
    private boolean isDirectory(final Path start, final String prefix) throws IOException {
        try {
            if (Files.readAttributes(start, BasicFileAttributes.class).isDirectory()) {
                return true;
            }
        } catch (final FileSystemException e) {
            if (!isMissing(e)) {
                throw e;
            }
        }
        requireTop(prefix);
        return false;
    }

    /** A file in the place of a whole part of the store hides everything that is there, so that nothing counts as missing. */
    private void requireTop(final String key) throws IOException {
        final int end = key.indexOf('/');
        final Path top = root.resolve(end < 0 ? key : key.substring(0, end));
        if (end >= 0 && Files.exists(top) && !Files.isDirectory(top)) {
            throw new FileAlreadyExistsException(top.toString());
        }
    }

    private Path path(final String key) throws StoreException {
        if (!Keys.isValid(key)) {
            throw new StoreException("not a key: '" + key + "'");
        }
        return root.resolve(key);
    }

    private void deleteStaleTemporaries() throws IOException {
        if (!Files.isDirectory(temporary) || !Files.isWritable(temporary)) {
            return;
        }
        final FileTime limit = FileTime.from(Instant.now().minus(TEMPORARY_LIFETIME));
        try (var drafts = Files.newDirectoryStream(temporary)) {
            for (final Path draft : drafts) {
                if (!Files.isDirectory(draft)
                        && Files.getLastModifiedTime(draft).compareTo(limit) < 0) {
                    Files.deleteIfExists(draft);
                }
            }
        } catch (final NoSuchFileException e) {
            // Another process tidied up at the same time.
            return;
        }
    }

    /**
     * Checks, before and after each operation, that the directory is still the one that was opened: while a file system is not
     * mounted, no object may count as missing, and none may be put into the directory below its mount point. A file system
     * that is mounted again has the same inode, though not always the same device.
     */
    private void checkRoot() throws StoreException {
        try {
            if (rootInode.equals(Files.getAttribute(root, INODE))) {
                return;
            }
        } catch (final IOException e) {
            throw new StoreException("store directory " + root + " is not there any more", e);
        }
        throw new StoreException("store directory " + root + " is not the one that was opened");
    }

    private <T> CompletableFuture<T> submit(final ExecutorService executor, final Task<T> task, final String what) {
        final CompletableFuture<T> future = new CompletableFuture<>();
        try {
            executor.execute(() -> {
                try {
                    checkRoot();
                    T result;
                    try {
                        result = task.run();
                    } finally {
                        checkRoot();
                    }
                    future.complete(result);
                } catch (final StoreException e) {
                    future.completeExceptionally(e);
                } catch (final IOException e) {
                    future.completeExceptionally(describe(e, what));
                } catch (final RuntimeException | Error e) {
                    failUnexpectedly(future, what, e);
                }
            });
        } catch (final java.util.concurrent.RejectedExecutionException e) {
            future.completeExceptionally(new StoreException(what + ": the store has been closed", e));
        }
        return future;
    }

    /** Somebody waits for an answer, whatever is short here. */
    private static void failUnexpectedly(final CompletableFuture<?> future, final String what, final Throwable e) {
        while (!future.isDone()) {
            try {
                future.completeExceptionally(new StoreException(what + ": " + UnexpectedErrors.describe(e), e));
            } catch (final OutOfMemoryError another) {
                LockSupport.parkNanos(SHORT_OF_MEMORY_NS);
            }
        }
    }

    private static StoreException describe(final IOException e, final String what) {
        final String reason;
        if (e instanceof AccessDeniedException) {
            reason = "permission denied: " + e.getMessage();
        } else if (e instanceof FileAlreadyExistsException) {
            reason = "a file is in the way: " + e.getMessage();
        } else if (e instanceof FileSystemException known && CROSS_DEVICE.equals(known.getReason())) {
            reason = "a directory in the store is on another file system than the store: have all of it on one";
        } else if (e instanceof FileSystemException known && known.getReason() != null) {
            reason = known.getReason();
        } else {
            reason = String.valueOf(e.getMessage());
        }
        return new StoreException(what + ": " + reason, e);
    }

    /** Work for one of the store's threads. */
    @FunctionalInterface
    private interface Task<T> {
        T run() throws IOException;
    }
}

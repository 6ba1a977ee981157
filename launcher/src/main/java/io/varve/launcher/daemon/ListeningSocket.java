package io.varve.launcher.daemon;

import io.varve.launcher.UserException;
import io.varve.linux.Errno;
import io.varve.linux.ErrnoException;
import io.varve.linux.LinuxFile;
import io.varve.linux.UnixSocket;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.GroupPrincipal;
import java.nio.file.attribute.PosixFileAttributeView;

/**
 * A listening socket: bound to a path, whose file goes with it, or inherited. The file of a daemon that was
 * killed is replaced; anything else that is there is left alone.
 */
public final class ListeningSocket implements AutoCloseable {
    private static final int OWNER = 0700;
    private static final int BACKLOG = 8;

    /** Whoever locks the directory holds it for as long as it takes to bind a socket. */
    private static final long LOCK_TIMEOUT_MS = 5_000;

    private static final int S_IFMT = 0xf000;
    private static final int S_IFSOCK = 0xc000;

    private final UnixSocket socket;
    private final Path path;
    private final Object fileKey;
    private boolean isClosed;

    private ListeningSocket(final UnixSocket socket, final Path path, final Object fileKey) {
        this.socket = socket;
        this.path = path;
        this.fileKey = fileKey;
    }

    /**
     * Looks whether {@link #listen} could work, and changes nothing.
     *
     * @throws UserException when the path is too long, taken, or in no directory, or there is no such group.
     */
    static void check(final Path path, final SocketAccess access) {
        final int bytes = path.toString().getBytes(StandardCharsets.UTF_8).length;
        if (bytes > UnixSocket.MAX_PATH_BYTES) {
            throw new UserException("socket path of " + bytes + " bytes is too long, a Unix socket takes at most "
                    + UnixSocket.MAX_PATH_BYTES + ": " + path);
        }
        final Path parent = path.toAbsolutePath().getParent();
        if (parent == null || !Files.isDirectory(parent)) {
            throw new UserException("cannot listen at " + path + ": there is no directory " + parent);
        }
        if (access.group() != null) {
            group(path, access);
        }
        try {
            isStale(path);
        } catch (final IOException e) {
            throw failure(path, e);
        }
    }

    /**
     * Listens at a path. At no time is it accessible to more than are to have access. The directory is locked meanwhile, so that of
     * two that find the socket of one who was killed, one takes its place and the other hears that.
     *
     * @throws UserException as {@link #check}, or when the socket can't be made: one line that says why.
     */
    public static ListeningSocket listen(final Path path, final SocketAccess access) {
        return listen(path, access, LOCK_TIMEOUT_MS);
    }

    static ListeningSocket listen(final Path path, final SocketAccess access, final long lockTimeoutMs) {
        check(path, access);
        try {
            return locked(path, lockTimeoutMs, () -> {
                if (isStale(path)) {
                    LinuxFile.unlink(path);
                }
                return bind(path, access);
            });
        } catch (final IOException e) {
            throw failure(path, e);
        }
    }

    private static ListeningSocket bind(final Path path, final SocketAccess access) throws IOException {
        final UnixSocket socket = UnixSocket.listen(path, access.mode() & OWNER, BACKLOG);
        try {
            if (access.group() != null) {
                Files.getFileAttributeView(path, PosixFileAttributeView.class, LinkOption.NOFOLLOW_LINKS)
                        .setGroup(group(path, access));
            }
            LinuxFile.setSocketMode(path, access.mode());
            return new ListeningSocket(socket, path.toAbsolutePath(), fileKey(path));
        } catch (final IOException e) {
            delete(path);
            socket.close();
            throw e;
        }
    }

    /** Something that is done to a name, while nobody else does. */
    private interface Locked<T> {
        T run() throws IOException;
    }

    private static <T> T locked(final Path path, final long timeoutMs, final Locked<T> step) throws IOException {
        final LinuxFile directory =
                LinuxFile.lockDirectory(path.toAbsolutePath().getParent(), timeoutMs);
        try {
            return step.run();
        } finally {
            directory.close();
        }
    }

    private static UserException failure(final Path path, final IOException e) {
        final String reason = switch (e) {
            case ErrnoException errno
            when errno.errno() == Errno.EADDRINUSE -> "it has just been taken by another process";
            // Nothing else waits here.
            case ErrnoException errno
            when errno.errno() == Errno.EAGAIN ->
                "another process keeps directory " + path.toAbsolutePath().getParent() + " locked: try again";
            case ErrnoException errno -> Errno.describe(errno.errno());
            case AccessDeniedException denied -> "permission denied";
            case FileSystemException known when known.getReason() != null -> known.getReason();
            default -> e.getMessage();
        };
        return new UserException("cannot listen at " + path + ": " + reason, e);
    }

    private static GroupPrincipal group(final Path path, final SocketAccess access) {
        try {
            return path.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByGroupName(access.group());
        } catch (final IOException e) {
            throw new UserException("cannot listen at " + path + ": there is no group '" + access.group() + "'", e);
        }
    }

    /**
     * Takes over an inherited listening socket.
     *
     * @param fd     its number.
     * @param option by which the number was given, for messages.
     * @throws UserException when it is not one.
     */
    public static ListeningSocket inherited(final int fd, final String option) {
        try {
            final UnixSocket socket = UnixSocket.ofInherited(fd);
            if (!socket.isListening()) {
                throw new UserException(option + ": fd " + fd + " is not a listening socket");
            }
            return new ListeningSocket(socket, null, null);
        } catch (final ErrnoException e) {
            throw new UserException(
                    option + ": fd " + fd + " is not open: pass a listening Unix socket under that number", e);
        } catch (final IllegalArgumentException e) {
            throw new UserException(option + ": " + e.getMessage(), e);
        }
    }

    private static boolean isStale(final Path path) throws IOException {
        try {
            final int mode = (Integer) Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS);
            if ((mode & S_IFMT) != S_IFSOCK) {
                throw new UserException("socket path " + path + " is taken by something that is not a socket");
            }
        } catch (final NoSuchFileException e) {
            return false;
        }
        try {
            if (UnixSocket.isListenedAt(path)) {
                throw new UserException("socket path " + path + " is taken: another process listens there");
            }
            return true;
        } catch (final ErrnoException e) {
            if (e.errno() != Errno.ENOENT) {
                throw e;
            }
            return false;
        }
    }

    private static Object fileKey(final Path path) throws IOException {
        return Files.getAttribute(path, "unix:ino", LinkOption.NOFOLLOW_LINKS);
    }

    /** The socket. */
    public UnixSocket socket() {
        return socket;
    }

    /** Where front-ends connect, absolute; null when the socket was inherited. */
    public Path path() {
        return path;
    }

    /** Closes the socket and removes its file, unless another has taken its place. Idempotent. */
    @Override
    public void close() {
        if (path != null && !isClosed) {
            isClosed = true;
            try {
                locked(path, LOCK_TIMEOUT_MS, () -> fileKey.equals(fileKey(path)) && Files.deleteIfExists(path));
            } catch (final IOException e) {
                tellNotRemoved(path, e);
            }
        }
        socket.close();
    }

    private static void delete(final Path path) {
        try {
            Files.deleteIfExists(path);
        } catch (final IOException e) {
            tellNotRemoved(path, e);
        }
    }

    private static void tellNotRemoved(final Path path, final IOException e) {
        System.getLogger(ListeningSocket.class.getName())
                .log(System.Logger.Level.DEBUG, "cannot remove socket " + path, e);
    }
}

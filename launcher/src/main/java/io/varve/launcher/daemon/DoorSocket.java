package io.varve.launcher.daemon;

import io.varve.launcher.UserException;
import io.varve.linux.Errno;
import io.varve.linux.ErrnoException;
import io.varve.linux.UnixSocket;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * The listening socket of the daemon: bound to a path, whose file goes with it, or inherited. The file of a daemon that was
 * killed is replaced; anything else that is there is left alone.
 */
public final class DoorSocket implements AutoCloseable {
    private static final int OWNER_ONLY = 0600;
    private static final int BACKLOG = 8;
    private static final int S_IFMT = 0xf000;
    private static final int S_IFSOCK = 0xc000;

    private final UnixSocket socket;
    private final Path path;
    private final Object fileKey;

    private DoorSocket(final UnixSocket socket, final Path path, final Object fileKey) {
        this.socket = socket;
        this.path = path;
        this.fileKey = fileKey;
    }

    /**
     * Listens at a path, accessible to its owner only.
     *
     * @throws UserException when the path is too long, taken, or can't be created: one line that says which.
     */
    public static DoorSocket listen(final Path path) {
        final int bytes = path.toString().getBytes(StandardCharsets.UTF_8).length;
        if (bytes > UnixSocket.MAX_PATH_BYTES) {
            throw new UserException("socket path of " + bytes + " bytes is too long, a Unix socket takes at most "
                    + UnixSocket.MAX_PATH_BYTES + ": " + path);
        }
        final Path parent = path.toAbsolutePath().getParent();
        if (parent == null || !Files.isDirectory(parent)) {
            throw new UserException("cannot listen at " + path + ": there is no directory " + parent);
        }
        try {
            removeIfStale(path);
            final UnixSocket socket = UnixSocket.listen(path, OWNER_ONLY, BACKLOG);
            return new DoorSocket(socket, path.toAbsolutePath(), fileKey(path));
        } catch (final ErrnoException e) {
            throw new UserException(
                    e.errno() == Errno.EADDRINUSE
                            ? "socket path " + path + " has just been taken by another process"
                            : "cannot listen at " + path + ": " + Errno.describe(e.errno()),
                    e);
        } catch (final IOException e) {
            throw new UserException("cannot listen at " + path + ": " + e.getMessage(), e);
        }
    }

    /**
     * Takes over an inherited listening socket.
     *
     * @param fd its number.
     * @throws UserException when it is not one.
     */
    public static DoorSocket inherited(final int fd) {
        try {
            final UnixSocket socket = UnixSocket.ofInherited(fd);
            if (!socket.isListening()) {
                throw new UserException("--fd: fd " + fd + " is not a listening socket");
            }
            return new DoorSocket(socket, null, null);
        } catch (final ErrnoException e) {
            throw new UserException(
                    "--fd: fd " + fd + " is not open: pass a listening Unix socket under that number", e);
        } catch (final IllegalArgumentException e) {
            throw new UserException("--fd: " + e.getMessage(), e);
        }
    }

    private static void removeIfStale(final Path path) throws IOException {
        try {
            final int mode = (Integer) Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS);
            if ((mode & S_IFMT) != S_IFSOCK) {
                throw new UserException("socket path " + path + " is taken by something that is not a socket");
            }
        } catch (final NoSuchFileException e) {
            return;
        }
        try {
            UnixSocket.connect(path).close();
            throw new UserException("socket path " + path + " is taken: another process listens there");
        } catch (final ErrnoException e) {
            if (e.errno() != Errno.ECONNREFUSED) {
                throw e;
            }
        }
        Files.deleteIfExists(path);
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
        socket.close();
        if (path != null) {
            try {
                if (fileKey.equals(fileKey(path))) {
                    Files.deleteIfExists(path);
                }
            } catch (final IOException e) {
                System.getLogger(DoorSocket.class.getName())
                        .log(System.Logger.Level.DEBUG, "cannot remove socket " + path, e);
            }
        }
    }
}

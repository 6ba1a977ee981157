package io.varve.launcher.daemon;

import io.varve.launcher.UserException;
import java.nio.file.Path;

/**
 * Where a volume is to be served. At a path nobody listens until the volume is there: a front-end that connects earlier is
 * refused at once, and tries again, instead of waiting in the middle of a message.
 */
public final class DoorPlan implements AutoCloseable {
    private final Path path;
    private final SocketAccess access;
    private final DoorSocket inherited;

    private DoorPlan(final Path path, final SocketAccess access, final DoorSocket inherited) {
        this.path = path;
        this.access = access;
        this.inherited = inherited;
    }

    /**
     * A socket that is yet to be made.
     *
     * @throws UserException when it can't be made there, as far as one can know beforehand.
     */
    public static DoorPlan at(final Path path, final SocketAccess access) {
        final Path absolute = path.toAbsolutePath().normalize();
        DoorSocket.check(absolute, access);
        return new DoorPlan(absolute, access, null);
    }

    /** A socket that listens already. */
    public static DoorPlan inherited(final DoorSocket socket) {
        return new DoorPlan(null, null, socket);
    }

    /** Where front-ends connect, absolute; null when the socket was inherited. */
    public Path path() {
        return path;
    }

    /** Who may; null when the socket was inherited. */
    public SocketAccess access() {
        return access;
    }

    /**
     * Listens.
     *
     * @throws UserException when the path has been taken meanwhile or can't be used after all.
     */
    DoorSocket open() {
        return inherited != null ? inherited : DoorSocket.listen(path, access);
    }

    /** Closes an inherited socket. Idempotent. */
    @Override
    public void close() {
        if (inherited != null) {
            inherited.close();
        }
    }
}

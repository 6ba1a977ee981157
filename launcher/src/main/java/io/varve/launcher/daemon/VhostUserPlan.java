package io.varve.launcher.daemon;

import io.varve.block.Export;
import io.varve.launcher.UserException;
import io.varve.vhostuser.SessionOptions;
import io.varve.vhostuser.VhostUserBlkServer;
import java.nio.file.Path;

/** A volume that is to be served over vhost-user, at a path or on an inherited socket. */
public final class VhostUserPlan implements ExportPlan {
    private final Path path;
    private final SocketAccess access;
    private ListeningSocket socket;

    private VhostUserPlan(final Path path, final SocketAccess access, final ListeningSocket socket) {
        this.path = path;
        this.access = access;
        this.socket = socket;
    }

    /**
     * A socket that is yet to be made.
     *
     * @throws UserException when it can't be made there, as far as one can know beforehand.
     */
    public static VhostUserPlan at(final Path path, final SocketAccess access) {
        final Path absolute = path.toAbsolutePath().normalize();
        ListeningSocket.check(absolute, access);
        return new VhostUserPlan(absolute, access, null);
    }

    /** A socket that listens already. */
    public static VhostUserPlan inherited(final ListeningSocket socket) {
        return new VhostUserPlan(null, null, socket);
    }

    @Override
    public String protocol() {
        return VhostUserBlkServer.PROTOCOL;
    }

    @Override
    public String address() {
        return path == null ? null : path.toString();
    }

    @Override
    public boolean takesSeveral() {
        return false;
    }

    @Override
    public Export open(final ExportContext context) {
        if (path != null) {
            socket = ListeningSocket.listen(path, access);
        }
        return new VhostUserBlkServer(
                context.ring(),
                socket.socket(),
                context.device(),
                SessionOptions.of(context.volume())
                        .withAddress(address())
                        .withWriteCache(new VolumeWriteCache(context.possession()))
                        .withSessions(context.sessions())
                        .withHoldLimit(context.holdLimit()),
                context.lanes().get());
    }

    @Override
    public void close() {
        if (socket != null) {
            socket.close();
        }
    }
}

package io.varve.vhostuser;

import io.varve.block.BlockDevice;
import io.varve.block.Export;
import io.varve.block.ExportStatus;
import io.varve.linux.ErrnoException;
import io.varve.linux.IoRing;
import io.varve.linux.UnixSocket;
import io.varve.linux.Watch;
import java.util.List;

/**
 * A disk served on a listening socket, to one front-end at a time: the {@link Export} over vhost-user.
 *
 * <p>A second front-end that connects is left waiting in the socket's backlog until the first session has ended, with
 * everything that was in flight: a front-end that reconnects may come before its old connection was seen to be gone, and
 * must not be turned away. The same holds while a session of another export may write, and no second one.
 */
public final class VhostUserBlkServer implements Export {
    /** As {@link ExportStatus#protocol()} has it. */
    public static final String PROTOCOL = "vhost-user";

    private static final String WAITS_FOR_FRONT_END = "another front-end waits until this one is gone";
    private static final String WAITS_FOR_WRITER =
            "a front-end waits until the session that may write is gone; see 'varve status'";

    private final IoRing ring;
    private final UnixSocket listener;
    private final BlockDevice device;
    private final SessionOptions options;
    private final List<Lane> lanes;
    private final StrangeFds strange;
    private final Watch watch;
    private final FrontEndLog log;

    private volatile ExportStatus status;
    private VhostUserBlkSession session;
    private boolean connectionExpected = true;
    private boolean failureTold;
    private boolean strangeTold;
    private boolean closing;

    /** Begins to listen, without lanes. */
    public VhostUserBlkServer(
            final IoRing ring, final UnixSocket listener, final BlockDevice device, final SessionOptions options) {
        this(ring, listener, device, options, List.of());
    }

    /**
     * Begins to listen.
     *
     * @param ring     tells of connections.
     * @param listener listening; owned by the server.
     * @param device   serves the requests.
     * @param options  the rest.
     * @param lanes    that may serve rings beside, of every session; driven until the server {@linkplain #isClosed() is closed}, or until {@link #release()}.
     */
    public VhostUserBlkServer(
            final IoRing ring,
            final UnixSocket listener,
            final BlockDevice device,
            final SessionOptions options,
            final List<Lane> lanes) {
        this.ring = ring;
        this.listener = listener;
        this.device = device;
        this.options = options;
        this.lanes = lanes;
        strange = new StrangeFds(options.name());
        watch = new Watch(ring, listener.fd(), IoRing.POLLIN);
        log = new FrontEndLog(options.name(), System::nanoTime);
        status = new ExportStatus(PROTOCOL, options.address(), null);
    }

    @Override
    public ExportStatus status() {
        return status;
    }

    /** Accepts a connection, or drives the session. */
    @Override
    public int doWork() {
        int work = 0;
        lookForConnection();
        if (session != null) {
            work += session.doWork();
            if (session.isClosed()) {
                session = null;
                work++;
            } else {
                tellOfWaiter();
            }
        }
        if (session == null && connectionExpected && !closing) {
            work += acceptIfAdmitted();
        }
        if (isClosed()) {
            strange.close();
        }
        return work;
    }

    private void lookForConnection() {
        if (watch.takeEvents() != 0) {
            connectionExpected = true;
        }
    }

    private void tellOfWaiter() {
        if (connectionExpected) {
            waits(WAITS_FOR_FRONT_END);
        }
    }

    private void waits(final String reason) {
        if (status.waiting() != reason) {
            status = status.withWaiting(reason);
            log.info(reason);
        }
    }

    private int acceptIfAdmitted() {
        if (!strange.hasRoom()) {
            return tellOfStrangeFds();
        }
        if (!isAdmitted()) {
            waitForWriter();
            return 0;
        }
        return accept();
    }

    private void waitForWriter() {
        try {
            if (status.waiting() == null && listener.awaitReadable(0)) {
                waits(WAITS_FOR_WRITER);
            }
        } catch (final ErrnoException e) {
            // Told of when it is to be accepted.
        }
        connectionExpected = status.waiting() != null;
    }

    private boolean isAdmitted() {
        return device.isReadOnly() || options.sessions().mayWrite();
    }

    private int tellOfStrangeFds() {
        if (!strangeTold) {
            strangeTold = true;
            log.warn("no front-end is accepted, since " + StrangeFds.MAX_WAITING
                    + " descriptors of earlier ones can't be closed, such as files of a file system that hangs");
        }
        return 0;
    }

    private int accept() {
        strangeTold = false;
        status = status.withWaiting(null);
        UnixSocket socket = null;
        try {
            socket = listener.accept();
            if (socket == null) {
                connectionExpected = false;
                return 0;
            }
            session = new VhostUserBlkSession(ring, socket, device, options, lanes, log, strange);
            failureTold = false;
            connectionExpected = listener.awaitReadable(0);
            return 1;
        } catch (final ErrnoException e) {
            if (session == null && socket != null) {
                socket.close();
            }
            if (!failureTold) {
                failureTold = true;
                log.warn("can't accept a front-end: " + e.getMessage());
            }
            return 0;
        }
    }

    /** As {@link VhostUserBlkSession#armNotifications()}; a connection that could not be accepted is tried again later. */
    @Override
    public boolean armNotifications() {
        if (session != null) {
            return session.armNotifications();
        }
        return !closing
                && !failureTold
                && strange.hasRoom()
                && isAdmitted()
                && (connectionExpected || watch.takeEvents() != 0 && (connectionExpected = true));
    }

    @Override
    public long maxIdleNs() {
        return session == null ? Long.MAX_VALUE : session.maxIdleNs();
    }

    @Override
    public void disarmNotifications() {
        if (session != null) {
            session.disarmNotifications();
        }
    }

    /** Whether all descriptors of sessions that have ended are closed; some may take their time. Any thread. */
    public boolean hasClosedAll() {
        return strange.isQuiet();
    }

    /** The session that lives or is about to end, or null. */
    public VhostUserBlkSession session() {
        return session;
    }

    /** As {@link VhostUserBlkSession#configChanged()}; front-ends to come read the config space anyway. */
    @Override
    public void configChanged() {
        if (session != null) {
            session.configChanged();
        }
    }

    @Override
    public void deviceReady() {
        if (session != null) {
            session.deviceReady();
        }
    }

    /** Nothing for the front-end to hear: a guest can wait for its disk, and a disk that fails answers with errors. */
    @Override
    public void deviceLost(final String reason) {}

    @Override
    public void close() {
        if (!closing) {
            closing = true;
            watch.close();
            listener.close();
        }
        if (session != null) {
            session.close();
        }
    }

    @Override
    public void abandon() {
        close();
        if (session != null) {
            session.abandon();
        }
    }

    /** Releases what is left of the session, at once. The lanes are not driven any more either. */
    @Override
    public void release() {
        abandon();
        if (session != null) {
            session.release();
            session = null;
        }
        strange.close();
    }

    @Override
    public boolean isClosed() {
        return closing && session == null;
    }
}

package io.varve.vhostuser;

import io.varve.linux.ErrnoException;
import io.varve.linux.IoRing;
import io.varve.linux.UnixSocket;
import io.varve.virtqueue.BlockDevice;
import java.util.List;

/**
 * Serves a disk on a listening socket, to one front-end at a time.
 *
 * <p>A second front-end that connects is left waiting in the socket's backlog until the first session has ended, with
 * everything that was in flight: a front-end that reconnects may come before its old connection was seen to be gone, and
 * must not be turned away. Driven like {@link VhostUserBlkSession}.
 */
public final class VhostUserBlkServer implements AutoCloseable {
    private final IoRing ring;
    private final UnixSocket listener;
    private final BlockDevice device;
    private final SessionOptions options;
    private final List<Lane> lanes;
    private final StrangeFds strange;
    private final Watch watch;
    private final FrontEndLog log;

    private VhostUserBlkSession session;
    private boolean connectionExpected = true;
    private boolean waiterTold;
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
    }

    /**
     * Accepts a connection, or drives the session.
     *
     * @return amount of work done.
     */
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
            work += strange.hasRoom() ? accept() : tellOfStrangeFds();
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
        if (connectionExpected && !waiterTold) {
            waiterTold = true;
            log.info("another front-end waits until this one is gone");
        }
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
        waiterTold = false;
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
    public boolean armNotifications() {
        if (session != null) {
            return session.armNotifications();
        }
        return !closing
                && !failureTold
                && strange.hasRoom()
                && (connectionExpected || watch.takeEvents() != 0 && (connectionExpected = true));
    }

    /** As {@link VhostUserBlkSession#maxIdleNs()}. */
    public long maxIdleNs() {
        return session == null ? Long.MAX_VALUE : session.maxIdleNs();
    }

    /** As {@link VhostUserBlkSession#disarmNotifications()}. */
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
    public void configChanged() {
        if (session != null) {
            session.configChanged();
        }
    }

    /** As {@link VhostUserBlkSession#deviceReady()}. */
    public void deviceReady() {
        if (session != null) {
            session.deviceReady();
        }
    }

    /** Stops listening, and begins to end the session; {@link #doWork()} brings that about. Idempotent. */
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

    /**
     * Stops listening, and drops the front-end: what is in flight is not answered any more, so that it asks again wherever it
     * connects next. Go on with {@link #doWork()} while the device is driven. Idempotent.
     */
    public void abandon() {
        close();
        if (session != null) {
            session.abandon();
        }
    }

    /** Releases what is left of the session, at once. Neither device nor lanes are driven any more: they complete nothing. Idempotent. */
    public void release() {
        abandon();
        if (session != null) {
            session.release();
            session = null;
        }
        strange.close();
    }

    /** Whether {@link #close()} was called and the session has ended. */
    public boolean isClosed() {
        return closing && session == null;
    }
}

package io.varve.nbd;

import io.varve.block.BlockDevice;
import io.varve.block.CloseReason;
import io.varve.block.Export;
import io.varve.block.ExportStatus;
import io.varve.linux.ErrnoException;
import io.varve.linux.IoRing;
import io.varve.linux.SendList;
import io.varve.linux.StreamSocket;
import io.varve.linux.Watch;
import java.util.function.LongSupplier;

/**
 * A disk served on a listening socket to clients that speak NBD: the {@link Export} over NBD.
 *
 * <p>Each connection is a session. At most {@link #MAX_CONNECTIONS} are served, further ones wait in the socket's backlog. Of those that
 * have not chosen an export, there are at most {@link #MAX_GREETING}: one more takes the place of the oldest.
 */
public final class NbdServer implements Export {
    /** As {@link ExportStatus#protocol()} has it. */
    public static final String PROTOCOL = "nbd";

    /** Most connections at a time. */
    public static final int MAX_CONNECTIONS = 64;

    /** Most connections at a time that have not chosen an export. */
    public static final int MAX_GREETING = 16;

    /** Most replies that one call sends, two pieces each. */
    private static final int MAX_PIECES = 128;

    private final StreamSocket listener;
    private final LongSupplier nanoClock;
    private final Watch watch;
    private final BufferPool pool = new BufferPool();
    private final Connection.Common common;
    private final Connection[] connections = new Connection[MAX_CONNECTIONS];
    private final ExportStatus status;

    private int count;
    private boolean connectionExpected = true;
    private boolean failureTold;
    private boolean closing;

    /**
     * Begins to listen.
     *
     * @param ring     tells of connections and of their bytes.
     * @param listener listening; owned by the server.
     * @param device   serves the requests.
     * @param options  the rest.
     */
    public NbdServer(
            final IoRing ring, final StreamSocket listener, final BlockDevice device, final NbdOptions options) {
        this(ring, listener, device, options, System::nanoTime);
    }

    /** As the other, with a clock in nanoseconds. */
    NbdServer(
            final IoRing ring,
            final StreamSocket listener,
            final BlockDevice device,
            final NbdOptions options,
            final LongSupplier nanoClock) {
        this.listener = listener;
        this.nanoClock = nanoClock;
        watch = new Watch(ring, listener.fd(), IoRing.POLLIN);
        common = new Connection.Common(
                ring, device, options, pool, new SendList(MAX_PIECES), new ClientLog(options.name(), nanoClock));
        status = new ExportStatus(PROTOCOL, options.address(), null);
    }

    @Override
    public ExportStatus status() {
        return status;
    }

    @Override
    public int doWork() {
        if (watch.takeEvents() != 0) {
            connectionExpected = true;
        }
        if (count == 0 && (closing || !connectionExpected)) {
            return 0;
        }
        final long nowNs = nanoClock.getAsLong();
        int work = 0;
        for (int i = count - 1; i >= 0; i--) {
            work += connections[i].doWork(nowNs);
            if (connections[i].isClosed()) {
                connections[i] = connections[--count];
                connections[count] = null;
                connectionExpected = true;
            }
        }
        if (connectionExpected && !closing && count < MAX_CONNECTIONS) {
            work += accept(nowNs);
        }
        return work;
    }

    private int accept(final long nowNs) {
        StreamSocket socket = null;
        try {
            socket = listener.accept();
            if (socket == null) {
                connectionExpected = false;
                return 0;
            }
            makeRoom();
            connections[count] = new Connection(common, socket, nowNs);
            count++;
            failureTold = false;
            return 1;
        } catch (final ErrnoException e) {
            if (socket != null) {
                socket.close();
            }
            if (!failureTold) {
                failureTold = true;
                common.log().warn(null, "can't be accepted: " + e.getMessage());
            }
            return 0;
        }
    }

    /** Drops the oldest of those who have not chosen an export, if they are too many. */
    private void makeRoom() {
        int greeting = 0;
        int oldest = -1;
        for (int i = 0; i < count; i++) {
            if (connections[i].isGreeting()) {
                greeting++;
                if (oldest < 0 || connections[i].acceptedNs() - connections[oldest].acceptedNs() < 0) {
                    oldest = i;
                }
            }
        }
        if (greeting >= MAX_GREETING) {
            connections[oldest].end(CloseReason.WAITED_TOO_LONG);
            connections[oldest] = connections[--count];
            connections[count] = null;
        }
    }

    /** A connection that could not be accepted is tried again later. */
    @Override
    public boolean armNotifications() {
        if (watch.takeEvents() != 0) {
            connectionExpected = true;
        }
        if (connectionExpected && !closing && !failureTold && count < MAX_CONNECTIONS) {
            return true;
        }
        for (int i = 0; i < count; i++) {
            if (connections[i].isBusy()) {
                return true;
            }
        }
        return false;
    }

    @Override
    public void disarmNotifications() {}

    @Override
    public long maxIdleNs() {
        if (count == 0) {
            return Long.MAX_VALUE;
        }
        final long nowNs = nanoClock.getAsLong();
        long idleNs = Long.MAX_VALUE;
        for (int i = 0; i < count; i++) {
            idleNs = Math.min(idleNs, connections[i].maxIdleNs(nowNs));
        }
        return idleNs;
    }

    /** Requests that waited are looked at in the next cycle. */
    @Override
    public void deviceReady() {}

    /** Nothing to tell: the protocol has no word for it, and a client that connects again hears of it. */
    @Override
    public void configChanged() {}

    @Override
    public void deviceLost(final String reason) {
        endAll(CloseReason.DEVICE_LOST);
    }

    private void endAll(final CloseReason reason) {
        for (int i = 0; i < count; i++) {
            connections[i].end(reason);
            connections[i] = null;
        }
        count = 0;
    }

    /** Connections at the moment. */
    int connections() {
        return count;
    }

    /** Whether a client lacks memory that others have. */
    boolean isStarved() {
        return pool.isStarved();
    }

    /** Memory that clients have, in bytes. */
    long taken() {
        return pool.taken();
    }

    @Override
    public void close() {
        if (!closing) {
            closing = true;
            watch.close();
            listener.close();
            final long nowNs = nanoClock.getAsLong();
            for (int i = 0; i < count; i++) {
                connections[i].endLater(CloseReason.REQUESTED, nowNs);
            }
        }
    }

    @Override
    public void abandon() {
        close();
        endAll(CloseReason.REQUESTED);
    }

    @Override
    public boolean isClosed() {
        return closing && count == 0;
    }

    @Override
    public void release() {
        abandon();
        pool.close();
    }
}

package io.varve.vhostuser;

import io.varve.block.BlockDevice;
import io.varve.block.CloseReason;
import io.varve.block.SessionListener;
import io.varve.linux.ErrnoException;
import io.varve.linux.IoRing;
import io.varve.linux.Memory;
import io.varve.linux.UnixSocket;
import io.varve.virtqueue.VirtioBlkQueue;
import java.util.List;

/**
 * One front-end's connection, and the disk that it is given: answers messages, serves rings.
 *
 * <p>Driven by the reactor that owns the device and the ring, and by no other thread:
 * <pre>{@code
 * while (running) {
 *     int work = ring.turn(0) + device's work + session.doWork();
 *     if (nothing to do for a while && !session.armNotifications()) {
 *         ring.turn(session.maxIdleNs());
 *         session.disarmNotifications();
 *     }
 * }
 * }</pre>
 *
 * <p>Rings may be lent to {@link Lane}s. All that concerns the session is done while they are at home; so a message waits until those that it
 * touches are, and what lanes do is told here by nothing but requests that they forward.
 *
 * <p>The session ends when the front-end disconnects, breaks the protocol or takes its memory away, when an answer has had to wait for
 * the disk for too long, or on {@link #close()}. From then on no message and no request is taken. On {@link #close()}, requests in
 * flight are completed first; otherwise they are {@linkplain BlockDevice#cancel given up} at once, and the notes of what is in flight,
 * which the front-end keeps, bring them to the next session. So no end waits for the disk. Then everything is released: {@link
 * #isClosed()}. The steady state allocates nothing and never waits.
 */
public final class VhostUserBlkSession implements AutoCloseable {
    /** Most messages that are answered in one call of {@link #doWork()}. */
    public static final int MAX_MESSAGES_PER_TURN = 16;

    /** How long buffers wait, at most, in an idle ring that can only be polled, in nanoseconds. */
    static final long POLLED_RING_IDLE_NS = 200_000;

    /** Longest sleep while a message waits, in nanoseconds. */
    private static final long MAX_WAIT_TURN_NS = 100_000_000;

    /** An answer that has waited for so long, or for half of what it may, is told of, in nanoseconds. */
    private static final long TELL_NS = 5_000_000_000L;

    private final BlockDevice device;
    private final SessionOptions options;
    private final FrontEndLog log;
    private final FrontEndConnection connection;
    private final BackEnd backEnd;
    private final Vrings vrings;
    private final Lanes lanes;
    private final SessionListener listener;

    private boolean messageWaits;
    private long waitsSinceNs;
    private boolean waitIsTold;
    private boolean queueNumToldLast;
    private boolean requestWaitsTold;
    private CloseReason closeReason;
    private boolean abandoned;
    private boolean closed;

    /**
     * Begins a session.
     *
     * @param ring       tells of messages and kicks.
     * @param socket     connected; owned by the session, unless this throws.
     * @param device     serves the requests.
     * @param options    the rest.
     * @param lanes      that may serve rings; their rings are at home.
     * @param log        told of what goes wrong.
     * @param strange    closes what can't be closed here.
     * @throws ErrnoException when there is no memory for it.
     */
    VhostUserBlkSession(
            final IoRing ring,
            final UnixSocket socket,
            final BlockDevice device,
            final SessionOptions options,
            final List<Lane> lanes,
            final FrontEndLog log,
            final StrangeFds strange)
            throws ErrnoException {
        this.device = device;
        this.options = options;
        this.log = log;
        this.lanes = new Lanes(lanes);
        backEnd = new BackEnd(ring, device, options, this.lanes, strange);
        vrings = backEnd.vrings();
        try {
            connection = new FrontEndConnection(ring, socket, strange);
        } catch (final ErrnoException e) {
            backEnd.close();
            throw e;
        }
        listener = options.sessions().open(peerOf(socket), !device.isReadOnly());
        backEnd.listener(listener);
    }

    /** The front-end, as far as one can tell: nothing when it is in another PID namespace. */
    private static String peerOf(final UnixSocket socket) {
        try {
            final int pid = socket.peerCredentials().pid();
            return pid > 0 ? "process " + pid : null;
        } catch (final ErrnoException e) {
            return null;
        }
    }

    /**
     * Answers messages and serves rings, within bounds.
     *
     * @return number of messages answered and requests taken.
     */
    public int doWork() {
        if (closed) {
            return 0;
        }
        int work = 0;
        try {
            work += lanes.doWork();
            if (closeReason == null) {
                work += processMessages();
            }
            if (!abandoned) {
                work += serveRings();
            }
            Memory.surfaceFaults();
        } catch (final ProtocolException e) {
            end(CloseReason.PROTOCOL_ERROR, e.getMessage());
        } catch (final ErrnoException e) {
            end(CloseReason.DISCONNECTED, e.getMessage());
        } catch (final InternalError e) {
            endForFault();
        }
        steerLanes();
        if (closeReason != null) {
            if (isCutOff() && lanes.areHome()) {
                vrings.cancel();
            }
            if (vrings.inFlight() == 0) {
                release();
            }
        }
        return work;
    }

    /** Whether nobody is there, or to be trusted, to be shown what would still complete. */
    private boolean isCutOff() {
        return closeReason != CloseReason.REQUESTED || abandoned;
    }

    /** Lends rings while nothing speaks against it, and that may be for a while; asks for them when something does. */
    private void steerLanes() {
        if (closeReason != null || messageWaits || !device.isReady() || backEnd.marksPages()) {
            lanes.recall();
        } else if (!connection.isReady()) {
            lanes.lend(vrings);
        }
    }

    private int processMessages() throws ProtocolException, ErrnoException {
        int count = 0;
        while (count < MAX_MESSAGES_PER_TURN && (messageWaits || connection.isReady())) {
            if (!messageWaits) {
                final int result = connection.receive();
                if (result == FrontEndConnection.WOULD_BLOCK) {
                    break;
                }
                if (result == FrontEndConnection.END) {
                    end(CloseReason.DISCONNECTED, queueNumToldLast ? tooFewQueues() : null);
                    break;
                }
            }
            if (mustWait()) {
                break;
            }
            count++;
            waitIsTold = false;
            queueNumToldLast = connection.message().request() == FrontEndRequest.GET_QUEUE_NUM;
            if (backEnd.handle(connection.message(), connection.fds(), connection.reply(), connection.replyFds())) {
                connection.sendReply();
            }
            Memory.surfaceFaults();
            connection.release();
        }
        return count;
    }

    /** Whether the message has to wait, which ends the session when it has had to for too long. */
    private boolean mustWait() throws ProtocolException {
        final boolean waited = messageWaits;
        messageWaits = isHeld();
        if (!messageWaits) {
            return false;
        }
        if (!waited) {
            waitsSinceNs = System.nanoTime();
        } else if (remainingWaitNs() <= 0) {
            end(
                    CloseReason.WAITED_TOO_LONG,
                    waitOf("has waited " + seconds(holdLimitNs()))
                            + "; what is in flight is asked for again when the front-end connects again");
        } else if (!waitIsTold && System.nanoTime() - waitsSinceNs >= Math.min(TELL_NS, holdLimitNs() / 2)) {
            waitIsTold = true;
            log.warn(waitOf("waits"), "; the front-end is dropped in " + seconds(remainingWaitNs()));
        }
        return true;
    }

    private long holdLimitNs() {
        return options.holdLimit().toNanos();
    }

    private long remainingWaitNs() {
        return waitsSinceNs + holdLimitNs() - System.nanoTime();
    }

    private static String seconds(final long ns) {
        return ns < 1_000_000_000 ? ns / 1_000_000 + " ms" : Math.round(ns / 1e9) + " s";
    }

    /** What a message waits for, such as "GET_VRING_BASE waits for 2 requests in flight: the store does not answer". */
    private String waitOf(final String waits) {
        final String reason = device.waitsFor();
        final int inFlight = vrings.inFlight();
        if (!connection.fds().areKnown()) {
            return FrontEndRequest.name(connection.message().request()) + " " + waits
                    + " for the file system of its descriptors";
        }
        final String what = !lanes.areHome()
                ? "the lanes"
                : inFlight == 0 ? "the disk" : inFlight + (inFlight == 1 ? " request" : " requests") + " in flight";
        return FrontEndRequest.name(connection.message().request()) + " " + waits + " for " + what
                + (reason == null ? "" : ": " + reason);
    }

    private boolean isHeld() throws ProtocolException {
        if (!connection.fds().areKnown()) {
            return true;
        }
        if (BackEnd.touchesRings(connection.message()) && !lanes.areHome()) {
            lanes.recall();
            return true;
        }
        return backEnd.mustWait(connection.message());
    }

    /** QEMU, which wants one queue for each virtual CPU, goes when it is told of fewer, and does not say how to go on. */
    private String tooFewQueues() {
        return "the front-end has gone after it was told of " + options.queueCount()
                + " queues; if QEMU wants more, one for each virtual CPU, give its device num-queues="
                + options.queueCount();
    }

    private int serveRings() throws ProtocolException {
        int work = 0;
        for (int i = 0; i < vrings.startedCount(); i++) {
            final Vring vring = vrings.started(i);
            if (vring.isLent()) {
                continue;
            }
            // What came back goes out before more is taken: the guest can go on meanwhile.
            vring.publish();
            if (isServed(vring)) {
                vring.checkLeft(backEnd.mayRepeat());
                work += vring.poll();
                vring.publish();
            }
            check(vring);
        }
        if (closeReason == null) {
            backEnd.doWork();
        }
        return work;
    }

    private boolean isServed(final Vring vring) throws ProtocolException {
        return closeReason == null
                && vring.isServed()
                && device.isReady()
                && device.hasRoom(VirtioBlkQueue.MAX_CHAINS_PER_POLL)
                && !(messageWaits && backEnd.holdsBack(connection.message(), vring));
    }

    private void check(final Vring vring) {
        if (vring.queue().hasFaulted()) {
            endForFault();
        }
        if (vring.isBlind()) {
            end(
                    CloseReason.PROTOCOL_ERROR,
                    "ring " + vring.index() + " is used and stays empty here, " + SharedMemory.NOT_SHARED);
        }
        vring.tellOfTrouble(log);
    }

    /**
     * Asks for notifications of everything that the session waits for, and looks once more. To be called before blocking
     * in the ring, which these notifications end.
     *
     * @return true when there is work already: don't block.
     */
    public boolean armNotifications() {
        if (closed) {
            return false;
        }
        if (closeReason != null) {
            return vrings.inFlight() == 0 || isCutOff() && lanes.areHome();
        }
        try {
            boolean work = messageWaits ? !isHeld() : connection.isReady();
            for (int i = 0; i < vrings.startedCount(); i++) {
                final Vring vring = vrings.started(i);
                if (vring.isLent()) {
                    continue;
                }
                vring.publish();
                if (isServed(vring)) {
                    work |= vring.armNotifications();
                } else {
                    lookForRequest(vring);
                }
                check(vring);
            }
            requestWaitsTold &= !device.isReady();
            return work || closeReason != null;
        } catch (final ProtocolException e) {
            end(CloseReason.PROTOCOL_ERROR, e.getMessage());
            return true;
        }
    }

    /** Notices the first request that comes before the device takes any. */
    private void lookForRequest(final Vring vring) throws ProtocolException {
        if (!requestWaitsTold && !device.isReady() && vring.isServed() && vring.armNotifications()) {
            requestWaitsTold = true;
            listener.onRequestWaits();
        }
    }

    /** How long to block at most, in nanoseconds: without limit unless a message waits, or the front-end gave a ring nothing to notify by. */
    public long maxIdleNs() {
        if (messageWaits) {
            return Math.clamp(remainingWaitNs(), 1, MAX_WAIT_TURN_NS);
        }
        for (int i = 0; i < vrings.startedCount(); i++) {
            final Vring vring = vrings.started(i);
            if (!vring.isLent() && vring.isServed() && vring.isPolled()) {
                return POLLED_RING_IDLE_NS;
            }
        }
        return Long.MAX_VALUE;
    }

    /** Tells the guest that it need not notify: the rings are polled from now on. */
    public void disarmNotifications() {
        for (int i = 0; i < vrings.startedCount(); i++) {
            final Vring vring = vrings.started(i);
            if (!vring.isLent() && vring.isServed()) {
                vring.queue().disarmNotifications();
            }
        }
    }

    /** Tells the front-end that the config space has changed, such as the disk's size: now, or when its rings start. */
    public void configChanged() {
        if (closeReason == null) {
            backEnd.configChanged();
        }
    }

    /**
     * The device {@linkplain BlockDevice#isReady() takes requests} now, and what was said of it before may be old: the front-end is
     * told if the config space that it has read is.
     */
    public void deviceReady() {
        if (closeReason == null) {
            backEnd.deviceReady();
        }
    }

    /** Begins to end the session; {@link #doWork()} brings it about. Idempotent. */
    @Override
    public void close() {
        end(CloseReason.REQUESTED, null);
    }

    /**
     * Ends the session without an answer to what is in flight, now or later: the connection is closed at once, so that the
     * front-end asks again wherever it connects next. {@link #doWork()} gives up what is in flight, or {@link #release()} does.
     * Idempotent.
     */
    void abandon() {
        end(CloseReason.REQUESTED, null);
        if (!abandoned && !closed) {
            abandoned = true;
            connection.close();
        }
    }

    /** Whether the session has ended, and everything of it has been released. */
    public boolean isClosed() {
        return closed;
    }

    /** Why the session ended or is about to; null while it lives. */
    public CloseReason closeReason() {
        return closeReason;
    }

    private void end(final CloseReason reason, final String message) {
        if (closeReason != null) {
            return;
        }
        closeReason = reason;
        messageWaits = false;
        if (message != null) {
            log.warn(reason == CloseReason.DISCONNECTED ? message : "front-end dropped: " + message);
        }
    }

    /** Releases everything. Nothing is in flight, or neither device nor lanes are driven any more, and complete nothing. */
    void release() {
        if (closed) {
            return;
        }
        if (!abandoned) {
            vrings.publish();
            connection.close();
        }
        backEnd.close();
        closed = true;
        listener.onClosed(closeReason);
    }

    private void endForFault() {
        end(CloseReason.MEMORY_FAULT, "guest memory was taken away");
    }
}

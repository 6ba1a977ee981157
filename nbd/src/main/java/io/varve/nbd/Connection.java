package io.varve.nbd;

import io.varve.block.BlockDevice;
import io.varve.block.CloseReason;
import io.varve.block.SessionListener;
import io.varve.linux.Errno;
import io.varve.linux.ErrnoException;
import io.varve.linux.IoRing;
import io.varve.linux.SendList;
import io.varve.linux.StreamSocket;
import io.varve.linux.UnixSocket;
import java.util.concurrent.TimeUnit;

/** One client: its socket, what it sends, and what it is sent. Nothing that it does or leaves undone makes the reactor wait. */
final class Connection implements Handshake.Host {
    /** How long a client may take to choose an export, in nanoseconds. */
    static final long HANDSHAKE_NS = TimeUnit.SECONDS.toNanos(30);

    /** How long a client that is to go may take to read what it is still sent, in nanoseconds. */
    static final long GOODBYE_NS = TimeUnit.SECONDS.toNanos(5);

    /** How long a client may leave replies unread while others lack the memory, in nanoseconds. */
    static final long UNREAD_NS = TimeUnit.SECONDS.toNanos(10);

    /** Most calls to receive in a turn. */
    private static final int MAX_RECEIVES = 4;

    private static final int POLLRDHUP = 0x2000;
    private static final long IN = 0;
    private static final long OUT = 1;

    private enum Watching {
        NO,
        YES,
        ENDING
    }

    /** What the connections of an export have in common. */
    record Common(IoRing ring, BlockDevice device, NbdOptions options, BufferPool pool, SendList list, ClientLog log) {}

    private final Common common;
    private final StreamSocket socket;
    private final String peer;
    private final BufferPool.Share share = new BufferPool.Share();
    private final Inbound in;
    private final Outbound out;
    private final Handshake handshake;
    private final int handlerId;
    private final long acceptedNs;

    private Transport transport;
    private Transmission transmission;
    private SessionListener session;
    private boolean isWriter;
    private boolean isReadable = true;
    private boolean hasHungUp;
    private boolean isGone;
    private boolean isStalled;
    private boolean isBlocked;
    private boolean isWritable;
    private Watching watching = Watching.NO;
    private CloseReason ending;
    private long endingNs;
    private long sentNs;
    private boolean isClosed;

    /** Takes over a socket. If it throws, the socket is still the caller's. */
    Connection(final Common common, final StreamSocket socket, final long nowNs) throws ErrnoException {
        this.common = common;
        this.socket = socket;
        peer = socket.peer();
        acceptedNs = nowNs;
        sentNs = nowNs;
        transport = new PlainTransport(socket);
        in = new Inbound(common.pool, share);
        out = new Outbound();
        handshake = new Handshake(common.options, common.device, in, out, this);
        handlerId = common.ring.register(this::onCompletion);
        common.ring.pollMultishot(socket.fd(), IoRing.POLLIN | POLLRDHUP, handlerId, IN);
    }

    private void onCompletion(final long data, final int result, final int flags) {
        final boolean hasEnded = (flags & IoRing.FLAG_MORE) == 0;
        if (data == OUT) {
            if (hasEnded || result <= 0) {
                watching = Watching.NO;
            }
            isWritable = true;
            return;
        }
        isReadable = true;
        if (result <= 0 || (result & ~IoRing.POLLIN) != 0) {
            hasHungUp = true;
        }
        isGone |= result <= 0 || (result & (IoRing.POLLHUP | IoRing.POLLERR)) != 0;
        if (hasEnded && result > 0) {
            common.ring.pollMultishot(socket.fd(), IoRing.POLLIN | POLLRDHUP, handlerId, IN);
        }
    }

    /** Whether an export has not been chosen yet. */
    boolean isGreeting() {
        return transmission == null;
    }

    boolean isClosed() {
        return isClosed;
    }

    /** When it was accepted. */
    long acceptedNs() {
        return acceptedNs;
    }

    /** Reads, has the device work, and replies. */
    int doWork(final long nowNs) {
        if (isClosed) {
            return 0;
        }
        try {
            int work = transmission == null ? 0 : transmission.doWork();
            work += write(nowNs);
            if (ending == null) {
                work += read(nowNs);
                work += write(nowNs);
            }
            if (isStalled && (isGone || hasHungUp && handshake.isWaiting())) {
                // What it sent last is not read while it waits, so its end would not be met.
                end(CloseReason.DISCONNECTED);
                return work + 1;
            }
            if (ending != null && isQuiet()) {
                end(ending);
                return work + 1;
            }
            checkTime(nowNs);
            return work;
        } catch (final ErrnoException e) {
            end(CloseReason.DISCONNECTED);
        } catch (final ProtocolException e) {
            common.log.warn(peer, "broke the protocol: " + e.getMessage());
            end(CloseReason.PROTOCOL_ERROR);
        }
        return 1;
    }

    private boolean isQuiet() {
        return isDeviceQuiet() && out.isEmpty() && !transport.hasUnsent();
    }

    private void checkTime(final long nowNs) {
        if (isGreeting() && nowNs - acceptedNs >= HANDSHAKE_NS) {
            end(CloseReason.WAITED_TOO_LONG);
        } else if (ending != null && nowNs - endingNs >= GOODBYE_NS && isDeviceQuiet()) {
            end(ending);
        } else if (isHoarding() && nowNs - sentNs >= UNREAD_NS) {
            common.log.warn(peer, "did not read its replies while others lacked the memory, and was dropped");
            end(CloseReason.WAITED_TOO_LONG);
        }
    }

    private boolean isDeviceQuiet() {
        return transmission == null || transmission.isQuiet();
    }

    private boolean isHoarding() {
        return isBlocked && common.pool.isStarved() && share.taken() > 2 * Inbound.LENGTH;
    }

    /** When {@link #doWork} has to be called even if nothing happens, in nanoseconds from now. */
    long maxIdleNs(final long nowNs) {
        long idleNs = Long.MAX_VALUE;
        if (isGreeting()) {
            idleNs = HANDSHAKE_NS - (nowNs - acceptedNs);
        }
        if (ending != null && isDeviceQuiet()) {
            idleNs = Math.min(idleNs, GOODBYE_NS - (nowNs - endingNs));
        }
        if (isHoarding()) {
            idleNs = Math.min(idleNs, UNREAD_NS - (nowNs - sentNs));
        }
        return Math.max(1, idleNs);
    }

    /** Whether there is something to do that nothing on the ring will tell of. */
    boolean isBusy() {
        if (isClosed || transport.isBusy()) {
            return false;
        }
        final boolean hasToSend = (!out.isEmpty() || transport.hasUnsent()) && (!isBlocked || isWritable);
        return hasToSend || ending == null && !isStalled && (isReadable || transport.hasReceived());
    }

    private int read(final long nowNs) throws ErrnoException, ProtocolException {
        int work = 0;
        isStalled = false;
        for (int i = 0; i < MAX_RECEIVES; i++) {
            Step step = step();
            while (step == Step.ADVANCED) {
                work++;
                step = step();
            }
            if (step == Step.STALLED) {
                isStalled = true;
                return work;
            }
            if (step == Step.ENDED) {
                endLater(CloseReason.DISCONNECTED, nowNs);
                return work + 1;
            }
            if (!isReadable && !transport.hasReceived()) {
                return work;
            }
            if (!in.prepare()) {
                isStalled = true;
                return work;
            }
            if (!receive()) {
                return work;
            }
            work++;
        }
        return work;
    }

    private Step step() throws ErrnoException, ProtocolException {
        if (transmission != null) {
            return transmission.step();
        }
        final Step step = handshake.step();
        if (handshake.isDone()) {
            transmission =
                    new Transmission(common.device, session, isWriter, handshake.agreed(), in, out, common.pool, share);
        }
        return step;
    }

    private boolean receive() throws ErrnoException {
        final int count = in.receive(transport);
        if (count == 0) {
            throw new ErrnoException("the client has gone", Errno.ECONNRESET);
        }
        // What comes later is told of, the end of the stream too: one call less a turn.
        if (count == UnixSocket.WOULD_BLOCK || transport.isDrained() && !hasHungUp) {
            isReadable = false;
        }
        return count != UnixSocket.WOULD_BLOCK;
    }

    private int write(final long nowNs) throws ErrnoException {
        if (isBlocked) {
            if (!isWritable) {
                watchWritable();
                return 0;
            }
            isBlocked = false;
        }
        isWritable = false;
        if (transport.hasUnsent() && !transport.flush()) {
            block(nowNs);
            return 0;
        }
        if (out.isEmpty()) {
            if (watching == Watching.YES) {
                watching = Watching.ENDING;
                common.ring.pollRemove(handlerId, OUT);
            }
            return 0;
        }
        final long sent = out.send(transport, common.list, transmission == null ? slot -> {} : transmission);
        if (sent == UnixSocket.WOULD_BLOCK || transport.hasUnsent()) {
            block(nowNs);
        }
        if (sent > 0) {
            sentNs = nowNs;
            return 1;
        }
        return 0;
    }

    private void block(final long nowNs) {
        isBlocked = true;
        sentNs = nowNs;
        watchWritable();
    }

    private void watchWritable() {
        if (watching == Watching.NO) {
            watching = Watching.YES;
            common.ring.pollMultishot(socket.fd(), IoRing.POLLOUT, handlerId, OUT);
        }
    }

    @Override
    public boolean openSession() {
        isWriter = mayWrite();
        session = common.options.sessions().open(peer, isWriter);
        return isWriter;
    }

    @Override
    public boolean mayWrite() {
        return !common.device.isReadOnly() && common.options.sessions().mayWrite();
    }

    @Override
    public boolean isShared() {
        return common.options.sessions().isShared();
    }

    @Override
    public void startTls() throws ProtocolException {
        if (in.available() > 0) {
            throw new ProtocolException("data before TLS was agreed on");
        }
        transport = new TlsTransport(socket, common.ring, common.options.tls().engine());
    }

    /** Takes no more commands, answers what is in flight, and then ends. */
    void endLater(final CloseReason reason, final long nowNs) {
        if (ending == null) {
            ending = reason;
            endingNs = nowNs;
            if (transmission != null) {
                transmission.giveUpWaiting();
            }
        }
    }

    /** Ends at once: what is in flight is given up. Idempotent. */
    void end(final CloseReason reason) {
        if (isClosed) {
            return;
        }
        isClosed = true;
        common.ring.unregister(handlerId);
        if (transmission != null) {
            transmission.close();
        }
        handshake.close();
        in.close();
        out.close();
        transport.close();
        socket.close();
        if (session != null) {
            session.onClosed(reason);
        }
    }
}

package io.varve.vhostuser;

import io.varve.linux.ErrnoException;
import io.varve.linux.FdList;
import io.varve.linux.IoRing;
import io.varve.linux.Mapping;
import io.varve.linux.Memory;
import io.varve.linux.UnixSocket;
import io.varve.linux.Watch;

/**
 * Cuts a socket's stream into messages, and sends replies; never waits.
 *
 * <p>One message at a time: its descriptors come with its first byte, so the header is read alone, then the payload.
 * A reply that does not fit into the socket's buffer is kept, and no message is given out until it has gone: there is never more than one.
 */
final class FrontEndConnection implements AutoCloseable {
    /** Answer of {@link #receive()}: the rest has not come yet. */
    static final int WOULD_BLOCK = 0;

    /** Answer of {@link #receive()}: there is a message. */
    static final int MESSAGE = 1;

    /** Answer of {@link #receive()}: the front-end has gone, between two messages. */
    static final int END = 2;

    private final IoRing ring;
    private final UnixSocket socket;
    private final Watch watch;
    private final Mapping memory;
    private final Message message;
    private final Message reply;
    private final StrangeFds strange;
    private final FrontEndFds fds;
    private final FrontEndFds strayFds;
    private final FdList replyFds = new FdList(1);

    private int received;
    private int replyLength;
    private int replySent;
    private boolean readable = true;

    /**
     * Takes over a connected socket.
     *
     * @param strange closes the socket and descriptors that come by it, for as long as it takes.
     * @throws ErrnoException when there is no memory; the socket is left alone.
     */
    FrontEndConnection(final IoRing ring, final UnixSocket socket, final StrangeFds strange) throws ErrnoException {
        this.strange = strange;
        this.ring = ring;
        fds = new FrontEndFds(strange);
        strayFds = new FrontEndFds(strange);
        memory = Memory.allocate(2L * Memory.PAGE_SIZE);
        message = new Message(memory.address());
        reply = new Message(memory.address() + Memory.PAGE_SIZE);
        this.socket = socket;
        watch = new Watch(ring, socket.fd(), IoRing.POLLIN | IoRing.POLLOUT);
    }

    /** The message that {@link #receive()} told of. */
    Message message() {
        return message;
    }

    /** The descriptors that came with it, once they are {@linkplain FrontEndFds#areKnown() known}; those not taken are closed with {@link #release()}. */
    FrontEndFds fds() {
        return fds;
    }

    /** Where a reply is to be built before it is sent. */
    Message reply() {
        return reply;
    }

    /** Descriptors that go with the reply, and are closed once they have gone. */
    FdList replyFds() {
        return replyFds;
    }

    /** Whether {@link #receive()} should be called: something may have come, or a reply may go out. */
    boolean isReady() {
        if (watch.takeEvents() != 0) {
            readable = true;
        }
        return readable;
    }

    /**
     * Goes on receiving.
     *
     * @return {@link #WOULD_BLOCK}, {@link #MESSAGE} or {@link #END}.
     * @throws ErrnoException    when the connection broke.
     * @throws ProtocolException when it ends within a message, or the message has no valid header.
     */
    int receive() throws ErrnoException, ProtocolException {
        if (watch.hasFailed()) {
            throw new ProtocolException("the connection can't be watched");
        }
        if (!flush()) {
            readable = false;
            return WOULD_BLOCK;
        }
        while (received < Message.HEADER_LENGTH || received < message.length()) {
            final int end = received < Message.HEADER_LENGTH ? Message.HEADER_LENGTH : message.length();
            final FdList list = (received == 0 ? fds : strayFds).list();
            final int result = socket.receive(message.address() + received, end - received, list);
            if (result == UnixSocket.WOULD_BLOCK) {
                readable = false;
                return WOULD_BLOCK;
            }
            if (result == 0) {
                if (received == 0) {
                    return END;
                }
                throw new ProtocolException("the connection ends within a message");
            }
            received += result;
            if (fds.list().isTruncated() || strayFds.list().isTruncated() || strayFds.count() > 0) {
                throw new ProtocolException("descriptors that don't belong to a message");
            }
            if (received == Message.HEADER_LENGTH) {
                message.validateHeader();
            }
        }
        if (fds.count() > 0 && !strange.hasRoom()) {
            throw new ProtocolException("more descriptors than can be closed");
        }
        fds.identify(BackEnd.bringsMemory(message), ring::wakeUp);
        return MESSAGE;
    }

    /** Is done with the message: closes descriptors that nobody took, and makes room for the next. */
    void release() {
        fds.release();
        received = 0;
    }

    /**
     * Sends {@link #reply()}, or as much of it as goes.
     *
     * @throws ErrnoException when the connection broke.
     */
    void sendReply() throws ErrnoException {
        replyLength = reply.length();
        replySent = 0;
        flush();
    }

    private boolean flush() throws ErrnoException {
        while (replySent < replyLength) {
            final FdList list = replyFds.count() > 0 ? replyFds : null;
            final int result = socket.send(reply.address() + replySent, replyLength - replySent, list);
            if (result == UnixSocket.WOULD_BLOCK) {
                return false;
            }
            replySent += result;
            replyFds.closeAll();
        }
        return true;
    }

    /** Closes the socket, and descriptors that nobody took. */
    @Override
    public void close() {
        watch.close();
        fds.release();
        strayFds.release();
        replyFds.closeAll();
        // The front-end sees the end now.
        socket.shutdown();
        strange.close(socket.release());
        memory.close();
    }
}

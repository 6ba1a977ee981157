package io.varve.vhostuser;

import io.varve.linux.ErrnoException;
import io.varve.linux.IoRing;
import io.varve.linux.Mapping;
import io.varve.linux.Memory;
import io.varve.linux.UnixSocket;
import io.varve.linux.Watch;

/**
 * The channel on which a back-end sends messages of its own (vhost-user.rst, "Back-end message types"), one kind of them: the
 * config space has changed. Never waits: while the front-end does not read, what is to be told is told once it does. What it
 * sends itself is not read, since no answer is asked for. A channel that breaks is given up, and nothing else.
 */
final class BackEndChannel implements AutoCloseable {
    /** VHOST_USER_BACKEND_CONFIG_CHANGE_MSG: no payload; the front-end reads the config space again. */
    private static final int CONFIG_CHANGE = 2;

    private final StrangeFds strange;
    private final UnixSocket socket;
    private final Watch watch;
    private final Mapping memory;
    private final Message message;
    private int sent;
    private boolean isDue;
    private boolean isBroken;

    private BackEndChannel(final IoRing ring, final UnixSocket socket, final StrangeFds strange) throws ErrnoException {
        this.strange = strange;
        memory = Memory.allocate(Message.MAX_LENGTH);
        message = new Message(memory.address());
        message.encodeRequest(CONFIG_CHANGE);
        this.socket = socket;
        watch = new Watch(ring, socket.fd(), IoRing.POLLOUT);
    }

    /**
     * Takes a descriptor over.
     *
     * @param fd      of a socket; left alone when this throws.
     * @param strange closes it.
     * @throws ProtocolException when it is no connected Unix stream socket, or there is no memory.
     */
    static BackEndChannel of(final IoRing ring, final int fd, final StrangeFds strange) throws ProtocolException {
        try {
            final UnixSocket socket = UnixSocket.ofInherited(fd);
            if (socket.isListening()) {
                throw new ProtocolException("SET_BACKEND_REQ_FD with a socket that listens");
            }
            return new BackEndChannel(ring, socket, strange);
        } catch (final ErrnoException | IllegalArgumentException e) {
            throw new ProtocolException("SET_BACKEND_REQ_FD: " + e.getMessage(), e);
        }
    }

    /** Tells the front-end that the config space has changed, as soon as it takes that. Once, however often it is called before. */
    void tellOfConfigChange() {
        isDue = true;
        doWork();
    }

    /** Goes on sending. */
    void doWork() {
        watch.takeEvents();
        try {
            while (!isBroken && (isDue || sent > 0)) {
                if (sent == 0) {
                    isDue = false;
                }
                final int result = socket.send(message.address() + sent, message.length() - sent, null);
                if (result == UnixSocket.WOULD_BLOCK) {
                    isDue |= sent == 0;
                    return;
                }
                sent = (sent + result) % message.length();
            }
        } catch (final ErrnoException e) {
            isBroken = true;
        }
    }

    @Override
    public void close() {
        watch.close();
        socket.shutdown();
        strange.close(socket.release());
        memory.close();
    }
}

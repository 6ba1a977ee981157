package io.varve.vhostuser;

import io.varve.linux.Fd;
import io.varve.linux.IoRing;

/**
 * An eventfd of the front-end's, to be signalled. The ring's thread only, which never waits for the front-end: that could make
 * the descriptor, which both sides share, blocking at any time, and fill its counter. So the ring signals ({@link
 * IoRing#signal}), and at most one signal is under way; what is asked for meanwhile is one more.
 *
 * <p>It may move to another thread's ring: that of the one before {@linkplain #leave() leaves} it, and that one {@linkplain #enter enters}.
 */
final class Signal implements AutoCloseable {
    private final int fd;
    private IoRing ring;
    private int handlerId;
    private boolean isUnderWay;
    private boolean isDueAgain;

    /**
     * Takes a descriptor over.
     *
     * @param fd whatever it is: signalling something else than an eventfd is the front-end's own affair.
     */
    Signal(final IoRing ring, final int fd) {
        this.fd = fd;
        enter(ring);
    }

    /** Goes on by a ring; what the ring before may not have told is told again. */
    void enter(final IoRing newRing) {
        ring = newRing;
        handlerId = ring.register(this::onCompletion);
        if (isDueAgain) {
            isDueAgain = false;
            raise();
        }
    }

    /** Lets the ring go. */
    void leave() {
        if (ring != null) {
            ring.unregister(handlerId);
            ring = null;
            isDueAgain |= isUnderWay;
            isUnderWay = false;
        }
    }

    /** Signals it, now or once the signal before has gone, or there is a ring. */
    void raise() {
        if (isUnderWay || ring == null) {
            isDueAgain = true;
        } else {
            isUnderWay = true;
            ring.signal(fd, handlerId, 0);
        }
    }

    private void onCompletion(final long data, final int result, final int flags) {
        isUnderWay = false;
        if (isDueAgain) {
            isDueAgain = false;
            raise();
        }
    }

    @Override
    public void close() {
        leave();
        Fd.close(fd);
    }
}

package io.varve.vhostuser;

import io.varve.linux.Fd;
import io.varve.linux.IoRing;

/**
 * An eventfd of the front-end's, to be signalled. The ring's thread only, which never waits for the front-end: that could make
 * the descriptor, which both sides share, blocking at any time, and fill its counter. So the ring signals ({@link
 * IoRing#signal}), and at most one signal is under way; what is asked for meanwhile is one more.
 */
final class Signal implements AutoCloseable {
    private final IoRing ring;
    private final int fd;
    private final int handlerId;
    private boolean isUnderWay;
    private boolean isDueAgain;

    /**
     * Takes a descriptor over.
     *
     * @param fd whatever it is: signalling something else than an eventfd is the front-end's own affair.
     */
    Signal(final IoRing ring, final int fd) {
        this.ring = ring;
        this.fd = fd;
        handlerId = ring.register(this::onCompletion);
    }

    /** Signals it, now or once the signal before has gone. */
    void raise() {
        if (isUnderWay) {
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
        ring.unregister(handlerId);
        Fd.close(fd);
    }
}

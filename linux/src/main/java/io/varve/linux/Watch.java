package io.varve.linux;

/** Watches one descriptor through a ring and remembers what was told. The ring's thread only; allocates nothing once it is made. */
public final class Watch implements AutoCloseable {
    private final IoRing ring;
    private final int fd;
    private final int events;
    private final int handlerId;
    private int seen;
    private boolean failed;
    private boolean closed;

    /**
     * Begins.
     *
     * @param ring   through which.
     * @param fd     owned by somebody else, and open until this is closed.
     * @param events mask of {@link IoRing#POLLIN} and the like.
     */
    public Watch(final IoRing ring, final int fd, final int events) {
        this.ring = ring;
        this.fd = fd;
        this.events = events;
        handlerId = ring.register(this::onCompletion);
        ring.pollMultishot(fd, events, handlerId, 0);
    }

    private void onCompletion(final long data, final int result, final int flags) {
        if (result > 0) {
            seen |= result;
            if ((flags & IoRing.FLAG_MORE) == 0) {
                ring.pollMultishot(fd, events, handlerId, 0);
            }
        } else if (result != -Errno.ECANCELED) {
            failed = true;
        }
    }

    /** The events that were told since the last call, once each; 0 for none; {@link IoRing#POLLERR} always, once the watch has failed. */
    public int takeEvents() {
        final int result = seen;
        seen = 0;
        return failed ? IoRing.POLLERR : result;
    }

    /** Whether the descriptor can't be watched. */
    public boolean hasFailed() {
        return failed;
    }

    /** Ends. Idempotent. */
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            ring.unregister(handlerId);
        }
    }
}

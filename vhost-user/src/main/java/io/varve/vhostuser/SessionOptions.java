package io.varve.vhostuser;

import java.time.Duration;
import java.util.Objects;

/**
 * What sessions are told about the disk that they serve.
 *
 * @param name       of the disk, for the log.
 * @param queueCount most rings, from 1 to {@link #MAX_QUEUES}. QEMU asks for one for each virtual CPU, and does not start
 *                   when there are fewer: a ring that is not used costs next to nothing.
 * @param writeCache where {@code wce} is kept.
 * @param listener   is told of the session's turns.
 * @param holdLimit  how long a front-end waits at most for an answer that waits for the disk: for requests in flight, for the disk to
 *                   come, or to be handed over. It can do nothing else meanwhile. Then the session ends.
 */
public record SessionOptions(
        String name, int queueCount, WriteCacheSetting writeCache, SessionListener listener, Duration holdLimit) {
    /** The usual limit. */
    public static final Duration HOLD_LIMIT = Duration.ofSeconds(30);

    /** Most rings that the protocol can tell apart. */
    public static final int MAX_QUEUES = VringFd.MAX_RINGS;

    /** Checks the values. */
    public SessionOptions {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(writeCache, "writeCache");
        Objects.requireNonNull(listener, "listener");
        Objects.requireNonNull(holdLimit, "holdLimit");
        if (queueCount < 1 || queueCount > MAX_QUEUES) {
            throw new IllegalArgumentException("number of queues: " + queueCount);
        }
    }

    /** Options for a disk: all rings, and a write cache that nobody remembers. */
    public static SessionOptions of(final String name) {
        return new SessionOptions(name, MAX_QUEUES, WriteCacheSetting.inMemory(), SessionListener.NONE, HOLD_LIMIT);
    }

    /** The same with another number of rings. */
    public SessionOptions withQueueCount(final int newQueueCount) {
        return new SessionOptions(name, newQueueCount, writeCache, listener, holdLimit);
    }

    /** The same with another place for {@code wce}. */
    public SessionOptions withWriteCache(final WriteCacheSetting newWriteCache) {
        return new SessionOptions(name, queueCount, newWriteCache, listener, holdLimit);
    }

    /** The same with another listener. */
    public SessionOptions withListener(final SessionListener newListener) {
        return new SessionOptions(name, queueCount, writeCache, newListener, holdLimit);
    }

    /** The same with another limit. */
    public SessionOptions withHoldLimit(final Duration newLimit) {
        return new SessionOptions(name, queueCount, writeCache, listener, newLimit);
    }
}

package io.varve.vhostuser;

import io.varve.block.SessionListener;
import io.varve.block.Sessions;
import java.time.Duration;
import java.util.Objects;

/**
 * What sessions are told about the disk that they serve.
 *
 * @param name       of the disk, for the log.
 * @param address    where front-ends connect, for people; null for a socket that was inherited.
 * @param queueCount most rings, from 1 to {@link #MAX_QUEUES}. QEMU asks for one for each virtual CPU, and does not start
 *                   when there are fewer: a ring that is not used costs next to nothing.
 * @param writeCache where {@code wce} is kept.
 * @param sessions   is told of sessions, and says who may write.
 * @param holdLimit  how long a front-end waits at most for an answer that waits for the disk: for requests in flight, for the disk to
 *                   come, or to be handed over. It can do nothing else meanwhile. Then the session ends.
 */
public record SessionOptions(
        String name,
        String address,
        int queueCount,
        WriteCacheSetting writeCache,
        Sessions sessions,
        Duration holdLimit) {
    /** The usual limit. */
    public static final Duration HOLD_LIMIT = Duration.ofSeconds(30);

    /** Most rings that the protocol can tell apart. */
    public static final int MAX_QUEUES = VringFd.MAX_RINGS;

    /** Checks the values. */
    public SessionOptions {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(writeCache, "writeCache");
        Objects.requireNonNull(sessions, "sessions");
        Objects.requireNonNull(holdLimit, "holdLimit");
        if (queueCount < 1 || queueCount > MAX_QUEUES) {
            throw new IllegalArgumentException("number of queues: " + queueCount);
        }
    }

    /** Options for a disk: all rings, a write cache that nobody remembers, and no daemon. */
    public static SessionOptions of(final String name) {
        return new SessionOptions(
                name,
                null,
                MAX_QUEUES,
                WriteCacheSetting.inMemory(),
                Sessions.letAllIn(SessionListener.NONE),
                HOLD_LIMIT);
    }

    /** The same with another address. */
    public SessionOptions withAddress(final String newAddress) {
        return new SessionOptions(name, newAddress, queueCount, writeCache, sessions, holdLimit);
    }

    /** The same with another number of rings. */
    public SessionOptions withQueueCount(final int newQueueCount) {
        return new SessionOptions(name, address, newQueueCount, writeCache, sessions, holdLimit);
    }

    /** The same with another place for {@code wce}. */
    public SessionOptions withWriteCache(final WriteCacheSetting newWriteCache) {
        return new SessionOptions(name, address, queueCount, newWriteCache, sessions, holdLimit);
    }

    /** The same with others who are told of sessions. */
    public SessionOptions withSessions(final Sessions newSessions) {
        return new SessionOptions(name, address, queueCount, writeCache, newSessions, holdLimit);
    }

    /** The same with another limit. */
    public SessionOptions withHoldLimit(final Duration newLimit) {
        return new SessionOptions(name, address, queueCount, writeCache, sessions, newLimit);
    }
}

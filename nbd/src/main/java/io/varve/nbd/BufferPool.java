package io.varve.nbd;

import io.varve.linux.ErrnoException;
import io.varve.linux.Mapping;

/**
 * All memory for the data of an export's clients: buffers of a power of two in bytes, used again and again. Bounded for each client and for
 * all of them; when a bound is met, whoever asks gets none, and tries again later. The reactor's.
 */
final class BufferPool implements AutoCloseable {
    /** Least length of a buffer, in bytes. */
    static final int MIN_LENGTH = 4096;

    /** Most that one client has, in bytes: room for the longest request and for what arrives meanwhile. */
    static final long MAX_SHARE = 96L << 20;

    /** Most that all clients of an export have, in bytes. */
    static final long MAX_TAKEN = 256L << 20;

    /** Most that is kept for use again, in bytes. */
    private static final long MAX_KEPT = 64L << 20;

    private static final int CLASSES = 15;

    /** What one client has taken. */
    static final class Share {
        private long taken;

        long taken() {
            return taken;
        }
    }

    /** A piece of memory, for one user or several: the last one gives it back. */
    static final class Buffer {
        private final Mapping mapping;
        private final int sizeClass;
        private Share owner;
        private int users;
        private Buffer next;

        private Buffer(final Mapping mapping, final int sizeClass) {
            this.mapping = mapping;
            this.sizeClass = sizeClass;
        }

        long address() {
            return mapping.address();
        }

        int length() {
            return MIN_LENGTH << sizeClass;
        }

        /** Has one user more. */
        Buffer share() {
            users++;
            return this;
        }

        /** Whether there is but one user. */
        boolean isExclusive() {
            return users == 1;
        }
    }

    private final Buffer[] free = new Buffer[CLASSES];
    private long taken;
    private long kept;
    private boolean isStarved;

    /**
     * Takes a buffer.
     *
     * @param length least length, from 1 to {@link Transmission#MAX_LENGTH}.
     * @return null when there is none now.
     */
    Buffer take(final int length, final Share owner) {
        final int sizeClass = length <= MIN_LENGTH ? 0 : 32 - Integer.numberOfLeadingZeros((length - 1) / MIN_LENGTH);
        final int capacity = MIN_LENGTH << sizeClass;
        if (owner.taken + capacity > MAX_SHARE) {
            return null;
        }
        if (taken + capacity > MAX_TAKEN) {
            isStarved = true;
            return null;
        }
        Buffer buffer = free[sizeClass];
        if (buffer != null) {
            free[sizeClass] = buffer.next;
            kept -= capacity;
        } else {
            try {
                buffer = new Buffer(Mapping.anonymous(capacity), sizeClass);
            } catch (final ErrnoException e) {
                isStarved = true;
                return null;
            }
        }
        buffer.next = null;
        buffer.users = 1;
        buffer.owner = owner;
        owner.taken += capacity;
        taken += capacity;
        return buffer;
    }

    /** Has one user less. */
    void release(final Buffer buffer) {
        if (--buffer.users > 0) {
            return;
        }
        final int capacity = buffer.length();
        buffer.owner.taken -= capacity;
        buffer.owner = null;
        taken -= capacity;
        isStarved = false;
        if (kept + capacity > MAX_KEPT) {
            buffer.mapping.close();
            return;
        }
        kept += capacity;
        buffer.next = free[buffer.sizeClass];
        free[buffer.sizeClass] = buffer;
    }

    /** Whether somebody was refused a buffer because of what others have, and none has come back since. */
    boolean isStarved() {
        return isStarved;
    }

    /** What all clients have, in bytes. */
    long taken() {
        return taken;
    }

    /** Frees what is kept; what is still taken is freed with its return. */
    @Override
    public void close() {
        for (int i = 0; i < CLASSES; i++) {
            for (Buffer buffer = free[i]; buffer != null; buffer = buffer.next) {
                buffer.mapping.close();
            }
            free[i] = null;
        }
        kept = MAX_KEPT;
    }
}

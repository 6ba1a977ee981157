package io.varve.lsvd.cache;

import io.varve.linux.ErrnoException;
import io.varve.linux.Mapping;
import io.varve.linux.Memory;

/**
 * Remembers, by a fingerprint of 32 bits each, which lines were given up lately. A line may be taken for another one, or
 * forgotten early: that only makes a bad choice. The agent's.
 */
final class GhostList implements AutoCloseable {
    private static final int WAYS = 4;

    private final Mapping cells;
    private final int bucketMask;
    private final int capacity;
    private int clock;

    /** Makes a list that remembers about the last {@code capacity} lines. */
    GhostList(final int capacity) throws ErrnoException {
        this.capacity = capacity;
        final int buckets = Integer.highestOneBit(Math.max(1, capacity / 2)) << 1;
        bucketMask = buckets - 1;
        cells = Mapping.anonymous((long) buckets * WAYS * Long.BYTES);
    }

    /** Remembers a line, by its hash, in place of the oldest in its bucket. */
    void add(final long hash) {
        final long bucket = bucket(hash);
        long oldest = bucket;
        for (int i = 1; i < WAYS; i++) {
            final long cell = bucket + (long) i * Long.BYTES;
            if (age(cell) > age(oldest)) {
                oldest = cell;
            }
        }
        Memory.putLong(oldest, fingerprint(hash) << 32 | ++clock & 0xffffffffL);
    }

    /** Forgets a line; tells whether it was remembered. */
    boolean remove(final long hash) {
        final long bucket = bucket(hash);
        for (int i = 0; i < WAYS; i++) {
            final long cell = bucket + (long) i * Long.BYTES;
            if (Memory.getLong(cell) >>> 32 == fingerprint(hash) && age(cell) < capacity) {
                Memory.putLong(cell, 0);
                return true;
            }
        }
        return false;
    }

    /** Frees the memory. */
    @Override
    public void close() {
        cells.close();
    }

    private long bucket(final long hash) {
        return cells.address() + (hash & bucketMask) * WAYS * Long.BYTES;
    }

    private static long fingerprint(final long hash) {
        return hash >>> 32 | 1;
    }

    private long age(final long cell) {
        final long value = Memory.getLong(cell);
        return value == 0 ? Long.MAX_VALUE : clock - (int) value & 0xffffffffL;
    }
}

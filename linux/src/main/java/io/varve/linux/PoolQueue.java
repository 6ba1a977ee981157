package io.varve.linux;

/**
 * A first-in, first-out queue of operations, each in it at most once, so that its size is bounded by the number of
 * operations. Grows to its working size. Guarded by its user.
 */
final class PoolQueue {
    private PoolOperation[] ring = new PoolOperation[64];
    private int head;
    private int size;

    void add(final PoolOperation operation) {
        if (size == ring.length) {
            grow();
        }
        ring[head + size & ring.length - 1] = operation;
        size++;
    }

    /** Takes the oldest; null when empty. */
    PoolOperation poll() {
        if (size == 0) {
            return null;
        }
        final PoolOperation operation = ring[head];
        ring[head] = null;
        head = head + 1 & ring.length - 1;
        size--;
        return operation;
    }

    int size() {
        return size;
    }

    private void grow() {
        final PoolOperation[] grown = new PoolOperation[ring.length * 2];
        for (int i = 0; i < size; i++) {
            grown[i] = ring[head + i & ring.length - 1];
        }
        ring = grown;
        head = 0;
    }
}

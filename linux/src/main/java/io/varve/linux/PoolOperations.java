package io.varve.linux;

import java.util.Arrays;

/**
 * The operations of a {@link ThreadPoolRing}. Grows when more are in flight than ever before, up to
 * {@link IoRing#MAX_PENDING}. The ring's thread only, but for {@link #get}.
 */
final class PoolOperations {
    private volatile PoolOperation[] all = new PoolOperation[0];
    private PoolOperation[] free = new PoolOperation[0];
    private int freeCount;

    PoolOperations(final int count) {
        grow(count);
    }

    private void grow(final int count) {
        final PoolOperation[] grown = Arrays.copyOf(all, count);
        free = new PoolOperation[count];
        for (int i = all.length; i < count; i++) {
            grown[i] = new PoolOperation(i);
            free[freeCount++] = grown[i];
        }
        all = grown;
    }

    PoolOperation take() {
        if (freeCount == 0) {
            if (all.length >= IoRing.MAX_PENDING) {
                throw new IllegalStateException(IoRing.MAX_PENDING + " operations are pending");
            }
            grow(Math.min(all.length * 2, IoRing.MAX_PENDING));
        }
        return free[--freeCount];
    }

    void give(final PoolOperation operation) {
        operation.generation++;
        free[freeCount++] = operation;
    }

    PoolOperation get(final int index) {
        return all[index];
    }

    int inUse() {
        return all.length - freeCount;
    }
}

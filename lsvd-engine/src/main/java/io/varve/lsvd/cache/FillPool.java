package io.varve.lsvd.cache;

import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.Queue;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What lines are carried to the cache in: at most {@value #SIZE}, made when they are first needed and used again, each by one thread
 * at a time. Threads that fetch take them, the cache's agent gives them back, each exactly once: in one that two threads had, two
 * lines would be mixed.
 */
final class FillPool {
    /** Greatest number of lines on their way. */
    static final int SIZE = 256;

    private final Queue<Fill> free;
    private final Deque<Fill> refused = new ArrayDeque<>(SIZE);
    private final AtomicLong made = new AtomicLong();

    /**
     * Makes a pool.
     *
     * @param free holds those that are not in use; for many threads on both sides. It may refuse one although it has room, and
     *             does while another thread is in the midst of taking one out: such are offered again by and by.
     */
    FillPool(final Queue<Fill> free) {
        this.free = free;
    }

    /** One that is free, or null when there is none just now. Any thread but reactors. */
    Fill take() {
        final Fill fill = free.poll();
        return fill != null || !canMake() ? fill : new Fill();
    }

    private boolean canMake() {
        return made.get() < SIZE && made.incrementAndGet() <= SIZE;
    }

    /** Takes back what is not needed any more. The agent only. */
    void giveBack(final Collection<Fill> fills) {
        refused.addAll(fills);
        offerAgain();
    }

    /** Goes on with what could not be taken back at once. The agent only. */
    void offerAgain() {
        while (!refused.isEmpty() && free.offer(refused.peek())) {
            refused.remove();
        }
    }
}

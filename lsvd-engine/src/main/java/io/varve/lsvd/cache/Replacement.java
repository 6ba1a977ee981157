package io.varve.lsvd.cache;

import io.varve.linux.ErrnoException;
import java.util.function.IntConsumer;

/**
 * Which line has to go: S3-FIFO (Yang, Zhang, Qiu, Yue, Rashmi: "FIFO queues are all you need for cache eviction", SOSP 2023).
 * What is new goes into a small queue; what was hit by the time it reaches that queue's end goes on to the main one, and the
 * rest is given up and remembered for a while: what comes back by then goes to the main queue at once. There, what was hit goes
 * round again. So what is read once passes through a tenth of the cache only.
 *
 * <p>One hit is enough here to stay, where the paper asks for two: {@link CacheTable#touch} counts only blocks that are read
 * again, and not the other blocks of a line. The agent's.
 */
final class Replacement implements AutoCloseable {
    /** Value of {@link CacheTable#queue}: in the small queue. */
    static final int SMALL = 1;

    /** Value of {@link CacheTable#queue}: in the main queue. */
    static final int MAIN = 2;

    private static final int SMALL_PART = 10;

    private final CacheTable table;
    private final SlotQueue small;
    private final SlotQueue main;
    private final GhostList ghosts;
    private final int smallTarget;

    Replacement(final CacheTable table, final int slots) throws ErrnoException {
        this.table = table;
        small = new SlotQueue(table);
        main = new SlotQueue(table);
        smallTarget = smallTarget(slots);
        ghosts = new GhostList(slots);
    }

    /** Number of slots that what is new may take while others would have to go for it. */
    static int smallTarget(final int slots) {
        return Math.max(1, slots / SMALL_PART);
    }

    /** A slot has been filled. */
    void onFilled(final int slot) {
        enter(slot, ghosts.remove(hash(slot)) ? MAIN : SMALL);
    }

    /** A slot is found to be filled, in a queue, when the cache is opened. */
    void enter(final int slot, final int queue) {
        table.queue(slot, queue);
        (queue == MAIN ? main : small).add(slot);
    }

    /** Number of slots that are filled. */
    int size() {
        return small.size() + main.size();
    }

    /**
     * Takes the slot out that has to go; there must be one.
     *
     * @param moved is told of slots that change their queue meanwhile.
     */
    int evict(final IntConsumer moved) {
        while (small.size() >= smallTarget || main.size() == 0) {
            final int slot = small.remove();
            if (table.hits(slot) == 0) {
                ghosts.add(hash(slot));
                return slot;
            }
            table.hits(slot, 0);
            enter(slot, MAIN);
            moved.accept(slot);
            if (small.size() == 0) {
                break;
            }
        }
        while (true) {
            final int slot = main.remove();
            final int hits = table.hits(slot);
            if (hits == 0) {
                return slot;
            }
            table.hits(slot, hits - 1);
            main.add(slot);
        }
    }

    /** Frees the memory. */
    @Override
    public void close() {
        ghosts.close();
    }

    private long hash(final int slot) {
        return CacheTable.hash(table.tagLow(slot), table.line(slot));
    }
}

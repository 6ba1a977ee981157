package io.varve.lsvd.cache;

/** Slots in the order in which they came, linked through the table; a slot is in one queue at a time. The agent's. */
final class SlotQueue {
    private final CacheTable table;
    private int oldest;
    private int newest;
    private int size;

    SlotQueue(final CacheTable table) {
        this.table = table;
    }

    int size() {
        return size;
    }

    void add(final int slot) {
        table.next(slot, 0);
        if (size++ == 0) {
            oldest = slot;
        } else {
            table.next(newest, slot + 1);
        }
        newest = slot;
    }

    /** Takes the oldest out; there must be one. */
    int remove() {
        final int slot = oldest;
        oldest = table.next(slot) - 1;
        size--;
        return slot;
    }

    /** Takes over all that is in another queue, which is empty then. */
    void takeAll(final SlotQueue other) {
        while (other.size > 0) {
            add(other.remove());
        }
    }
}

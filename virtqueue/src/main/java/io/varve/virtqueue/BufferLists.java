package io.varve.virtqueue;

import io.varve.linux.IoVec;

/**
 * The lists of buffers of a queue's requests. What requests give back is kept for the next ones, so that nothing is allocated in steady
 * state, but no more than {@value #MAX_KEPT_ENTRIES} entries in all: a guest that makes long chains now and then does not leave its mark
 * on every request.
 */
final class BufferLists {
    /** Greatest number of entries that are kept, of 12 bytes each. */
    static final int MAX_KEPT_ENTRIES = 16 << 10;

    private final IoVec[] kept = new IoVec[MAX_KEPT_ENTRIES / IoVec.INITIAL_CAPACITY];
    private int count;
    private int entries;

    /** An empty list. */
    IoVec take() {
        if (count == 0) {
            return new IoVec();
        }
        final IoVec list = kept[--count];
        kept[count] = null;
        entries -= list.capacity();
        return list;
    }

    /** Gives one back, which nobody uses any more. */
    void give(final IoVec list) {
        if (entries + list.capacity() <= MAX_KEPT_ENTRIES) {
            list.clear();
            entries += list.capacity();
            kept[count++] = list;
        }
    }

    /** Number of entries that are kept. */
    int entries() {
        return entries;
    }
}

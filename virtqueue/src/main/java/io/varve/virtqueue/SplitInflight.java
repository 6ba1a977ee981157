package io.varve.virtqueue;

import io.varve.linux.Memory;
import java.util.Arrays;

/**
 * Notes in memory of the front-end's which elements of a split ring are in flight, so that the next back-end can do them again
 * (vhost-user.rst, "Inflight I/O tracking", {@code QueueRegionSplit}). Whoever kills this process between any two stores finds
 * notes that {@link #begin} makes sense of: the stores are ordered, and two fields that must change at once share a word.
 *
 * <p>Header, 16 bytes: features u64, version u16, desc_num u16, last_batch_head u16, used_idx u16. Then an entry for each
 * descriptor, 16 bytes: inflight u8, padding u8[5], next u16, counter u64. The memory is the front-end's to spoil: it is
 * read once, at the start, and checked. One thread; nothing is allocated after that.
 */
public final class SplitInflight {
    private static final int VERSION = 1;
    private static final int HEADER_LENGTH = 16;
    private static final int ENTRY_LENGTH = 16;
    private static final int STATE_FIELD_OFFSET = 8;
    private static final int VERSION_FIELD_OFFSET = 8;
    private static final int DESC_NUM_SHIFT = 16;
    private static final int LAST_BATCH_HEAD_SHIFT = 32;
    private static final int USED_INDEX_SHIFT = 48;
    private static final int COUNTER_FIELD_OFFSET = 8;
    private static final int NEXT_SHIFT = 48;
    private static final long INFLIGHT_MASK = 0xff;
    private static final int MASK = 0xffff;
    private static final int[] NONE = {};

    private final long address;
    private final int size;
    private final int[] batch;
    private int batchLength;
    private int lastBatchHead;
    private int usedIndex;
    private long counter;

    /**
     * Wraps the notes of one ring; {@link #begin} comes next.
     *
     * @param address native address, a multiple of 8, of {@link #length} bytes.
     * @param size    of the ring.
     */
    public SplitInflight(final long address, final int size) {
        this.address = address;
        this.size = size;
        batch = new int[size];
    }

    /** Bytes that the notes of a ring need. */
    public static int length(final int size) {
        return HEADER_LENGTH + ENTRY_LENGTH * size;
    }

    /**
     * Begins to take notes where an earlier back-end has left them, or at the beginning.
     *
     * <p>The elements of the last batch may be noted as in flight although the driver has been shown that they are used: what
     * the used index says counts. In new notes, {@code used_idx} begins where the ring stands, which is not 0 after a
     * migration: at 0, the step just described would take elements away that are in flight.
     *
     * @param ringUsedIndex the used index, as the driver sees it.
     * @return heads of the elements that are in flight, in the order in which they were taken.
     * @throws IllegalArgumentException when something is in flight, and that can't be the notes of this ring.
     */
    int[] begin(final int ringUsedIndex) {
        final long state = Memory.getLong(address + STATE_FIELD_OFFSET);
        usedIndex = ringUsedIndex;
        if ((state & MASK) == 0) {
            initialize();
            return NONE;
        }
        final long[] order = new long[size];
        final int[] heads = new int[size];
        int count = readHeads(heads);
        if ((state & MASK) != VERSION || (state >>> DESC_NUM_SHIFT & MASK) != size) {
            if (count == 0 && (state & MASK) == VERSION) {
                initialize();
                return NONE;
            }
            throw new IllegalArgumentException("in-flight region of version " + (state & MASK) + " for "
                    + (state >>> DESC_NUM_SHIFT & MASK) + " descriptors, not version " + VERSION + " for " + size);
        }
        lastBatchHead = (int) (state >>> LAST_BATCH_HEAD_SHIFT) & MASK;
        if (count > 0) {
            settleLastBatch((ringUsedIndex - (int) (state >>> USED_INDEX_SHIFT)) & MASK);
            count = readHeads(heads);
        }
        putState();
        for (int i = 0; i < count; i++) {
            order[heads[i]] = Memory.getLong(entry(heads[i]) + COUNTER_FIELD_OFFSET);
        }
        return inOrder(heads, count, order);
    }

    private void initialize() {
        Memory.putShortRelease(address + VERSION_FIELD_OFFSET, (short) 0);
        Memory.zero(address, length(size));
        putState(0);
        Memory.putShortRelease(address + VERSION_FIELD_OFFSET, (short) VERSION);
    }

    private int readHeads(final int[] heads) {
        int count = 0;
        for (int i = 0; i < size; i++) {
            if ((Memory.getLong(entry(i)) & INFLIGHT_MASK) != 0) {
                heads[count++] = i;
            }
        }
        return count;
    }

    private void settleLastBatch(final int length) {
        if (length > size) {
            throw new IllegalArgumentException("in-flight region is " + length + " elements behind its ring");
        }
        int head = lastBatchHead;
        for (int i = 0; i < length; i++) {
            if (head >= size) {
                throw new IllegalArgumentException("in-flight region refers to descriptor " + head + " of " + size);
            }
            final long word = Memory.getLong(entry(head));
            Memory.putLongRelease(entry(head), word & ~INFLIGHT_MASK);
            head = (int) (word >>> NEXT_SHIFT);
        }
    }

    private int[] inOrder(final int[] heads, final int count, final long[] counters) {
        final Integer[] sorted = new Integer[count];
        Arrays.setAll(sorted, i -> heads[i]);
        Arrays.sort(sorted, (a, b) -> Long.compareUnsigned(counters[a], counters[b]));
        counter = count == 0 ? 0 : counters[sorted[count - 1]] + 1;
        return Arrays.stream(sorted).mapToInt(Integer::intValue).toArray();
    }

    /** An element is taken: to be noted before the device sees it. */
    void take(final int head) {
        Memory.putLong(entry(head) + COUNTER_FIELD_OFFSET, counter++);
        Memory.putLongRelease(entry(head), 1);
    }

    /** An element is put into the ring as used, and the driver does not see it yet. */
    void use(final int head) {
        Memory.putLongRelease(entry(head), 1 | (long) lastBatchHead << NEXT_SHIFT);
        lastBatchHead = head;
        batch[batchLength++] = head;
    }

    /** The used index is about to be written. */
    void beginPublish() {
        putState();
    }

    /** The used index has been written. */
    void endPublish(final int newUsedIndex) {
        for (int i = 0; i < batchLength; i++) {
            final long entry = entry(batch[i]);
            Memory.putLongRelease(entry, Memory.getLong(entry) & ~INFLIGHT_MASK);
        }
        batchLength = 0;
        usedIndex = newUsedIndex;
        putState();
    }

    private void putState() {
        putState(VERSION);
    }

    private void putState(final int version) {
        Memory.putLongRelease(
                address + STATE_FIELD_OFFSET,
                version
                        | (long) size << DESC_NUM_SHIFT
                        | (long) lastBatchHead << LAST_BATCH_HEAD_SHIFT
                        | (long) usedIndex << USED_INDEX_SHIFT);
    }

    private long entry(final int index) {
        return address + HEADER_LENGTH + (long) ENTRY_LENGTH * index;
    }
}

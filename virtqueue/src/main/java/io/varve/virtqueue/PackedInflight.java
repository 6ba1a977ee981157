package io.varve.virtqueue;

import io.varve.linux.Memory;
import java.util.Arrays;

/**
 * The elements of a packed ring that are in flight, each a list of entries out of one pool, and, where the front-end has
 * memory for that, notes of them for the next back-end (vhost-user.rst, "Inflight I/O tracking", {@code QueueRegionPacked}). A
 * packed ring can't be taken up again without them, since the device writes over descriptors that it has taken.
 *
 * <p>Header, 32 bytes: features u64, version u16, desc_num u16, free_head u16, old_free_head u16, used_idx u16, old_used_idx
 * u16, used_wrap_counter u8, old_used_wrap_counter u8, padding. Then an entry for each descriptor, 32 bytes: inflight u8,
 * padding u8, next u16, last u16, num u16, counter u64, id u16, flags u16, len u32, addr u64.
 *
 * <p>What has an old copy shares a word with it, and the two are changed by one store, so that whoever kills this process
 * between any two stores finds notes that {@link #begin} makes sense of. The list of free entries ends with the ring's size.
 * What is used is noted by the batch, so that no element is taken while a batch is under way. The memory is the front-end's to
 * spoil: lists are kept here too, and those of an earlier back-end are read once, at the start, and checked. One thread;
 * nothing is allocated after the start.
 */
public final class PackedInflight {
    private static final int VERSION = 1;
    private static final int HEADER_LENGTH = 32;
    private static final int ENTRY_LENGTH = 32;
    private static final int FREE_WORD_OFFSET = 8;
    private static final int VERSION_FIELD_OFFSET = 8;
    private static final int DESC_NUM_SHIFT = 16;
    private static final int FREE_HEAD_SHIFT = 32;
    private static final int OLD_FREE_HEAD_SHIFT = 48;
    private static final int USED_WORD_OFFSET = 16;
    private static final int OLD_USED_SHIFT = 16;
    private static final int USED_WRAP_SHIFT = 32;
    private static final int OLD_USED_WRAP_SHIFT = 40;
    private static final int COUNTER_FIELD_OFFSET = 8;
    private static final int DESCRIPTOR_FIELD_OFFSET = 16;
    private static final int ADDRESS_FIELD_OFFSET = 24;
    private static final int NEXT_SHIFT = 16;
    private static final int LAST_SHIFT = 32;
    private static final int NUM_SHIFT = 48;
    private static final int WRAP_SHIFT = 15;
    private static final int INDEX_MASK = (1 << WRAP_SHIFT) - 1;
    private static final long INFLIGHT_MASK = 0xff;
    private static final int MASK = 0xffff;
    private static final int[] NONE = {};

    private final long address;
    private final int size;
    private final int[] next;
    private final int[] last;
    private final int[] num;
    private final int[] bufferId;
    private int freeHead;
    private int freeCount;
    private int position;
    private int used;
    private long counter;

    /**
     * A pool without notes.
     *
     * @param size of the ring.
     */
    PackedInflight(final int size) {
        this(0, size);
    }

    /**
     * A pool that is noted.
     *
     * @param address native address, a multiple of 8, of {@link #length} bytes.
     * @param size    of the ring.
     */
    public PackedInflight(final long address, final int size) {
        this.address = address;
        this.size = size;
        next = new int[size];
        last = new int[size];
        num = new int[size];
        bufferId = new int[size];
    }

    /** Bytes that the notes of a ring need. */
    public static int length(final int size) {
        return HEADER_LENGTH + ENTRY_LENGTH * size;
    }

    /**
     * Begins where an earlier back-end has left its notes, or with nothing in flight.
     *
     * @param ring     tells whether the device has written the descriptor where the last batch begins.
     * @param ringUsed where the ring stands if there are no notes: an index, and the wrap counter in bit 15.
     * @return heads of the elements that are in flight, in the order in which they were taken; {@link #used} tells where the
     *         ring stands.
     * @throws IllegalArgumentException when something is in flight, and that can't be the notes of this ring.
     */
    int[] begin(final RingState ring, final int ringUsed) {
        if (isNoted()) {
            final int version = Memory.getShort(address + VERSION_FIELD_OFFSET) & MASK;
            if (version > VERSION) {
                throw new IllegalArgumentException("in-flight region of version " + version + ", not " + VERSION);
            }
            try {
                if (version == VERSION) {
                    return recover(ring);
                }
            } catch (final IllegalArgumentException e) {
                if (isAnythingInFlight()) {
                    throw e;
                }
            }
        }
        initialize(ringUsed);
        return NONE;
    }

    /** Tells of the ring what only the ring knows. */
    @FunctionalInterface
    interface RingState {
        /** Whether a descriptor has been made available, by the wrap counter of then, and not been written by the device since. */
        boolean isAvailable(int index, boolean wrap);
    }

    private boolean isNoted() {
        return address != 0;
    }

    private void initialize(final int ringUsed) {
        if (isNoted()) {
            Memory.putShortRelease(address + VERSION_FIELD_OFFSET, (short) 0);
            Memory.zero(address + USED_WORD_OFFSET, (long) length(size) - USED_WORD_OFFSET);
        }
        for (int i = 0; i < size; i++) {
            next[i] = i + 1;
            noteLinks(i, 0);
        }
        freeHead = 0;
        freeCount = size;
        used = ringUsed;
        noteUsed(used);
        noteFree(freeHead);
    }

    private boolean isAnythingInFlight() {
        for (int i = 0; i < size; i++) {
            if ((links(i) & INFLIGHT_MASK) != 0) {
                return true;
            }
        }
        return false;
    }

    private int[] recover(final RingState ring) {
        final long state = Memory.getLong(address + FREE_WORD_OFFSET);
        final long positions = Memory.getLong(address + USED_WORD_OFFSET);
        final int newUsed = position(positions, 0, USED_WRAP_SHIFT);
        final int oldUsed = position(positions, OLD_USED_SHIFT, OLD_USED_WRAP_SHIFT);
        if ((state >>> DESC_NUM_SHIFT & MASK) != size) {
            throw new IllegalArgumentException("in-flight region of a ring of another size");
        }
        final boolean committed = newUsed != oldUsed && !ring.isAvailable(index(oldUsed), wrap(oldUsed));
        used = committed ? newUsed : oldUsed;
        freeHead = (int) (state >>> (committed ? FREE_HEAD_SHIFT : OLD_FREE_HEAD_SHIFT)) & MASK;
        final boolean[] seen = new boolean[size];
        readFree(seen);
        final int[] heads = readInFlight(seen);
        for (int i = freeHead; i != size; i = next[i]) {
            noteLinks(i, 0);
        }
        noteFree(freeHead);
        noteUsed(used);
        return heads;
    }

    private int position(final long word, final int indexShift, final int wrapShift) {
        final int index = (int) (word >>> indexShift) & MASK;
        if (index >= size) {
            throw new IllegalArgumentException("in-flight region that ends at " + index + " of " + size);
        }
        return index | (int) (word >>> wrapShift & 1) << WRAP_SHIFT;
    }

    private void readFree(final boolean[] seen) {
        freeCount = 0;
        for (int i = freeHead; i != size; i = next[i]) {
            visit(seen, i);
            next[i] = (int) (links(i) >>> NEXT_SHIFT) & MASK;
            freeCount++;
        }
    }

    private int[] readInFlight(final boolean[] seen) {
        final boolean[] free = seen.clone();
        final long[] counters = new long[size];
        final Integer[] heads = new Integer[size];
        int count = 0;
        int entries = freeCount;
        for (int head = 0; head < size; head++) {
            final long links = links(head);
            if ((links & INFLIGHT_MASK) != 0 && !free[head]) {
                last[head] = (int) (links >>> LAST_SHIFT) & MASK;
                num[head] = (int) (links >>> NUM_SHIFT);
                readList(seen, head);
                entries += num[head];
                counters[head] = Memory.getLong(entry(head) + COUNTER_FIELD_OFFSET);
                heads[count++] = head;
            }
        }
        if (entries != size) {
            throw new IllegalArgumentException("in-flight region with entries that are lost");
        }
        Arrays.sort(heads, 0, count, (a, b) -> Long.compareUnsigned(counters[a], counters[b]));
        counter = count == 0 ? 0 : counters[heads[count - 1]] + 1;
        return Arrays.stream(heads, 0, count).mapToInt(Integer::intValue).toArray();
    }

    private void readList(final boolean[] seen, final int head) {
        int entry = head;
        visit(seen, entry);
        for (int i = 1; i < num[head]; i++) {
            next[entry] = (int) (links(entry) >>> NEXT_SHIFT) & MASK;
            entry = next[entry];
            visit(seen, entry);
        }
        if (num[head] == 0 || entry != last[head]) {
            throw new IllegalArgumentException("in-flight region with a list that does not end where it should");
        }
        bufferId[head] = (int) Memory.getLong(entry(entry) + DESCRIPTOR_FIELD_OFFSET) & MASK;
    }

    private void visit(final boolean[] seen, final int entry) {
        if (entry >= size || seen[entry]) {
            throw new IllegalArgumentException("in-flight region with lists that cross");
        }
        seen[entry] = true;
    }

    /** Where the ring stands: the index of the next used descriptor, and the wrap counter in bit 15. */
    int used() {
        return used;
    }

    /** The index in such a position. */
    static int index(final int position) {
        return position & INDEX_MASK;
    }

    /** The wrap counter in such a position. */
    static boolean wrap(final int position) {
        return (position & 1 << WRAP_SHIFT) != 0;
    }

    /** Entries that are free. */
    int freeCount() {
        return freeCount;
    }

    /** Begins an element; {@link #add} and {@link #take} follow. Its head. */
    int beginElement() {
        position = freeHead;
        num[freeHead] = 0;
        return freeHead;
    }

    /**
     * Adds a descriptor to the element that was begun; there must be a free entry.
     *
     * @param descriptor its first 8 bytes, the address.
     * @param rest       its second 8 bytes: len u32, id u16, flags u16.
     */
    void add(final long descriptor, final long rest) {
        if (num[freeHead]++ > 0) {
            position = next[position];
        }
        if (isNoted()) {
            Memory.putLong(entry(position) + DESCRIPTOR_FIELD_OFFSET, rest >>> Integer.SIZE | rest << Integer.SIZE);
            Memory.putLong(entry(position) + ADDRESS_FIELD_OFFSET, descriptor);
        }
    }

    /** The element is complete and taken: to be noted before the device sees it. */
    void take(final int id) {
        final int head = freeHead;
        last[head] = position;
        bufferId[head] = id;
        freeCount -= num[head];
        freeHead = next[position];
        if (isNoted()) {
            Memory.putLong(entry(head) + COUNTER_FIELD_OFFSET, counter++);
            noteLinks(head, 1);
            noteFree(freeHead);
        }
    }

    /** Descriptors of an element in flight. */
    int num(final int head) {
        return num[head];
    }

    /** The driver's id of an element in flight. */
    int bufferId(final int head) {
        return bufferId[head];
    }

    /** The entry behind another one of the same element. */
    int next(final int entry) {
        return next[entry];
    }

    /** A noted descriptor's address; what the guest, or the front-end, has put there. */
    long descriptor(final int entry) {
        return Memory.getLong(entry(entry) + ADDRESS_FIELD_OFFSET);
    }

    /** A noted descriptor's second 8 bytes, as {@link #add} took them. */
    long rest(final int entry) {
        final long noted = Memory.getLong(entry(entry) + DESCRIPTOR_FIELD_OFFSET);
        return noted >>> Integer.SIZE | noted << Integer.SIZE;
    }

    /**
     * A batch of elements is about to be shown to the driver as used.
     *
     * @param batch  their heads.
     * @param length how many.
     */
    void beginPublish(final int[] batch, final int length, final int newUsed) {
        final int oldFreeHead = freeHead;
        final int oldUsed = used;
        for (int i = 0; i < length; i++) {
            final int head = batch[i];
            next[last[head]] = freeHead;
            freeHead = head;
            freeCount += num[head];
            noteLinks(last[head], last[head] == head ? 1 : 0);
        }
        used = newUsed;
        noteFree(oldFreeHead);
        noteUsed(oldUsed);
    }

    /** The driver has been shown them. */
    void endPublish(final int[] batch, final int length) {
        if (isNoted()) {
            for (int i = 0; i < length; i++) {
                noteLinks(batch[i], 0);
            }
            noteFree(freeHead);
            noteUsed(used);
        }
    }

    private void noteLinks(final int entry, final int inflight) {
        if (isNoted()) {
            Memory.putLongRelease(
                    entry(entry),
                    inflight
                            | (long) next[entry] << NEXT_SHIFT
                            | (long) last[entry] << LAST_SHIFT
                            | (long) num[entry] << NUM_SHIFT);
        }
    }

    private void noteFree(final int oldFreeHead) {
        if (isNoted()) {
            Memory.putLongRelease(
                    address + FREE_WORD_OFFSET,
                    VERSION
                            | (long) size << DESC_NUM_SHIFT
                            | (long) freeHead << FREE_HEAD_SHIFT
                            | (long) oldFreeHead << OLD_FREE_HEAD_SHIFT);
        }
    }

    private void noteUsed(final int oldUsed) {
        if (isNoted()) {
            Memory.putLongRelease(
                    address + USED_WORD_OFFSET,
                    index(used)
                            | (long) index(oldUsed) << OLD_USED_SHIFT
                            | (wrap(used) ? 1L << USED_WRAP_SHIFT : 0)
                            | (wrap(oldUsed) ? 1L << OLD_USED_WRAP_SHIFT : 0));
        }
    }

    private long links(final int entry) {
        return Memory.getLong(entry(entry));
    }

    private long entry(final int index) {
        return address + HEADER_LENGTH + (long) ENTRY_LENGTH * index;
    }
}

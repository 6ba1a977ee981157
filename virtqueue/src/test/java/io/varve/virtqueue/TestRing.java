package io.varve.virtqueue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/**
 * The driver's side of a split ring in plain native memory. The ring has a segment of its own; descriptors reach two
 * regions whose guest addresses touch and whose native addresses don't, and a third far off.
 */
final class TestRing implements AutoCloseable {
    static final int NEXT = 1;
    static final int WRITE = 2;
    static final int INDIRECT = 4;
    static final long LOW = 0x1_0000;
    static final int REGION_SIZE = 0x1_0000;
    static final long BOUNDARY = LOW + REGION_SIZE;
    static final long END = BOUNDARY + REGION_SIZE;
    static final long TOP = -REGION_SIZE;

    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;

    final GuestMemory memory;
    final SplitVirtqueue queue;
    private final Arena arena = Arena.ofConfined();
    private final int size;
    private final MemorySegment low = arena.allocate(REGION_SIZE + 4096, 4096).asSlice(0, REGION_SIZE);
    private final MemorySegment high = arena.allocate(REGION_SIZE, 4096);
    private final MemorySegment top = arena.allocate(REGION_SIZE, 4096);
    private final MemorySegment descriptors;
    private final MemorySegment available;
    private final MemorySegment used;
    private int availableIndex;

    TestRing(final int size, final int base, final boolean eventIndex, final boolean indirect) {
        this.size = size;
        memory = new GuestMemory(List.of(
                new GuestMemory.Region(BOUNDARY, REGION_SIZE, high.address()),
                new GuestMemory.Region(TOP, REGION_SIZE, top.address()),
                new GuestMemory.Region(LOW, REGION_SIZE, low.address())));
        descriptors = arena.allocate(SplitVirtqueue.descriptorTableSize(size), 16);
        available = arena.allocate(SplitVirtqueue.availableRingSize(size), 2);
        used = arena.allocate(SplitVirtqueue.usedRingSize(size), 4);
        availableIndex = base;
        available.set(SHORT, 2, (short) base);
        used.set(SHORT, 2, (short) base);
        queue = new SplitVirtqueue(size, base, features(eventIndex, indirect), layout(), null);
    }

    static long features(final boolean eventIndex, final boolean indirect) {
        return (eventIndex ? VirtioBlk.F_RING_EVENT_IDX : 0) | (indirect ? VirtioBlk.F_RING_INDIRECT_DESC : 0);
    }

    RingLayout layout() {
        return new RingLayout(memory, descriptors.address(), available.address(), used.address());
    }

    TestRing descriptor(final int index, final long address, final int length, final int flags, final int next) {
        put(descriptors, index, address, length, flags, next);
        return this;
    }

    /** Writes an entry of an indirect table, which lies in one region. */
    TestRing indirectDescriptor(
            final long table, final int index, final long address, final int length, final int flags, final int next) {
        putLong(table + 16L * index, address);
        putInt(table + 16L * index + 8, length);
        putInt(table + 16L * index + 12, flags | next << 16);
        return this;
    }

    private static void put(
            final MemorySegment table,
            final int index,
            final long address,
            final int length,
            final int flags,
            final int next) {
        table.set(LONG, 16L * index, address);
        table.set(INT, 16L * index + 8, length);
        table.set(SHORT, 16L * index + 12, (short) flags);
        table.set(SHORT, 16L * index + 14, (short) next);
    }

    TestRing offer(final int head) {
        available.set(SHORT, 4 + 2L * (availableIndex & (size - 1)), (short) head);
        availableIndex = (availableIndex + 1) & 0xffff;
        return availableIndex(availableIndex);
    }

    TestRing availableIndex(final int index) {
        available.set(SHORT, 2, (short) index);
        return this;
    }

    TestRing availableFlags(final int flags) {
        available.set(SHORT, 0, (short) flags);
        return this;
    }

    TestRing usedEvent(final int index) {
        available.set(SHORT, 4 + 2L * size, (short) index);
        return this;
    }

    int availableEvent() {
        return used.get(SHORT, 4 + 8L * size) & 0xffff;
    }

    int usedFlags() {
        return used.get(SHORT, 0) & 0xffff;
    }

    int usedIndex() {
        return used.get(SHORT, 2) & 0xffff;
    }

    int usedId(final int index) {
        return used.get(INT, 4 + 8L * (index & (size - 1)));
    }

    int usedLength(final int index) {
        return used.get(INT, 8 + 8L * (index & (size - 1)));
    }

    void putByte(final long address, final int value) {
        at(address).set(ValueLayout.JAVA_BYTE, 0, (byte) value);
    }

    int getByte(final long address) {
        return at(address).get(ValueLayout.JAVA_BYTE, 0) & 0xff;
    }

    void putInt(final long address, final int value) {
        at(address).set(INT, 0, value);
    }

    void putLong(final long address, final long value) {
        for (int i = 0; i < Long.BYTES; i++) {
            putByte(address + i, (int) (value >>> 8 * i));
        }
    }

    /** Writes a request's header, which may cross from one region into the next. */
    void putHeader(final long address, final int type, final long sector) {
        putLong(address, type);
        putLong(address + 8, sector);
    }

    private MemorySegment at(final long address) {
        if (address < 0) {
            return top.asSlice(address - TOP);
        }
        return address < BOUNDARY ? low.asSlice(address - LOW) : high.asSlice(address - BOUNDARY);
    }

    @Override
    public void close() {
        arena.close();
    }
}

package io.varve.virtqueue;

import io.varve.linux.Memory;
import java.lang.foreign.Arena;
import java.util.List;

/** The driver's side of a packed ring in plain native memory, beside 64 KiB of guest memory and notes of what is in flight. */
final class PackedTestRing implements AutoCloseable {
    static final int NEXT = 1;
    static final int WRITE = 2;
    static final int INDIRECT = 4;
    static final int AVAILABLE = 1 << 7;
    static final int USED = 1 << 15;
    static final long LOW = 0x1_0000;
    static final int MEMORY_SIZE = 0x1_0000;
    static final int START = 0x8000_8000;

    final GuestMemory memory;
    final long ring;
    final long driverEvents;
    final long deviceEvents;
    final long notes;
    private final Arena arena = Arena.ofConfined();
    private final int size;
    private final long features;
    private final long low;
    private int next;
    private boolean wrap = true;

    PackedTestRing(final int size, final boolean eventIndex) {
        this.size = size;
        features = TestRing.features(eventIndex, true);
        low = arena.allocate(MEMORY_SIZE, 4096).address();
        memory = new GuestMemory(List.of(new GuestMemory.Region(LOW, MEMORY_SIZE, low)));
        ring = arena.allocate(PackedVirtqueue.descriptorRingSize(size), 16).address();
        driverEvents = arena.allocate(PackedVirtqueue.EVENT_SIZE, 4).address();
        deviceEvents = arena.allocate(PackedVirtqueue.EVENT_SIZE, 4).address();
        notes = arena.allocate(PackedInflight.length(size), 8).address();
    }

    RingLayout layout() {
        return new RingLayout(memory, ring, driverEvents, deviceEvents);
    }

    /** A device without notes, at the beginning. */
    PackedVirtqueue queue() {
        return queue(START);
    }

    PackedVirtqueue queue(final int base) {
        return new PackedVirtqueue(size, base, features, layout(), null);
    }

    /** A device that takes notes, and finds what the one before has left. */
    PackedVirtqueue notedQueue() {
        return new PackedVirtqueue(size, START, features, layout(), new PackedInflight(notes, size));
    }

    /** Makes a descriptor available at the next place. */
    PackedTestRing offer(final long address, final int length, final int flags, final int id) {
        final long descriptor = ring + 16L * next;
        Memory.putLong(descriptor, address);
        Memory.putLong(
                descriptor + 8,
                length & 0xffff_ffffL | (long) id << 32 | (long) (flags | (wrap ? AVAILABLE : USED)) << 48);
        if (++next == size) {
            next = 0;
            wrap = !wrap;
        }
        return this;
    }

    /** Where the next descriptor goes. */
    int offered() {
        return next;
    }

    PackedTestRing indirectDescriptor(
            final long table, final int index, final long address, final int length, final int flags) {
        final long descriptor = low + (table - LOW) + 16L * index;
        Memory.putLong(descriptor, address);
        Memory.putLong(descriptor + 8, length & 0xffff_ffffL | (long) flags << 48);
        return this;
    }

    int flags(final int index) {
        return Memory.getShort(ring + 16L * index + 14) & 0xffff;
    }

    int id(final int index) {
        return Memory.getShort(ring + 16L * index + 12) & 0xffff;
    }

    int length(final int index) {
        return Memory.getInt(ring + 16L * index + 8);
    }

    boolean isUsed(final int index, final boolean usedWrap) {
        final int flags = flags(index) & (AVAILABLE | USED);
        return flags == (usedWrap ? AVAILABLE | USED : 0);
    }

    PackedTestRing driverEvents(final int position, final int flags) {
        Memory.putInt(driverEvents, position | flags << 16);
        return this;
    }

    @Override
    public void close() {
        arena.close();
    }
}

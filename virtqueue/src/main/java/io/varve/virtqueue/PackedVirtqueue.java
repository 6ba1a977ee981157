package io.varve.virtqueue;

import io.varve.linux.Memory;
import java.lang.invoke.VarHandle;

/**
 * A packed virtqueue (virtio 1.3, section 2.8), with indirect descriptors and event suppression by descriptor.
 *
 * <p>One ring of descriptors, which the driver makes available and the device writes over as used; each side says by two flags,
 * and a counter that changes when it goes around, which descriptors are its own. An element's id here is not the driver's
 * buffer id, which may be any number, but the head of its list in {@link PackedInflight}.
 *
 * <p>The ring's three areas must have been found to lie within mapped memory, by whoever creates this. Everything else is
 * checked here. Each value of the guest's is read once: a descriptor as two longs, an indirect table by copying it whole.
 */
public final class PackedVirtqueue implements Virtqueue {
    /** Required alignment of the descriptor ring, in bytes. */
    public static final int DESCRIPTOR_ALIGNMENT = 16;

    /** Required alignment of the two event suppression structures, in bytes. */
    public static final int EVENT_ALIGNMENT = 4;

    /** Bytes of an event suppression structure: off u15, wrap u1, flags u16. */
    public static final int EVENT_SIZE = 4;

    /** {@code struct pvirtq_desc}: addr u64, len u32, id u16, flags u16. */
    private static final int DESCRIPTOR_SIZE = IndirectTable.DESCRIPTOR_SIZE;

    private static final int SECOND_LONG_OFFSET = 8;
    private static final int ID_SHIFT = 32;
    private static final int FLAGS_SHIFT = 48;

    /** VIRTQ_DESC_F_NEXT: the chain goes on. */
    private static final int F_NEXT = 1;

    /** VIRTQ_DESC_F_WRITE: for the device to write, else to read; of a used descriptor: something was written. */
    private static final int F_WRITE = 2;

    /** VIRTQ_DESC_F_INDIRECT: the memory holds a table of descriptors. */
    private static final int F_INDIRECT = 4;

    private static final int F_AVAILABLE = 1 << 7;
    private static final int F_USED = 1 << 15;

    /** RING_EVENT_FLAGS_ENABLE: notify of everything. */
    private static final int EVENTS_ENABLE = 0;

    /** RING_EVENT_FLAGS_DISABLE: notify of nothing. */
    private static final int EVENTS_DISABLE = 1;

    /** RING_EVENT_FLAGS_DESC: notify of the descriptor that is named. */
    private static final int EVENTS_DESC = 2;

    private static final int EVENT_FLAGS_SHIFT = 16;
    private static final int WRAP_SHIFT = 15;
    private static final int MASK = 0xffff;

    private final int size;
    private final boolean eventIndex;
    private final boolean indirect;
    private final PackedInflight inflight;
    private final ElementsInFlight elements;
    private final int[] batch;
    private final int[] batchLengths;
    private final IndirectTable table = new IndirectTable();

    private GuestMemory memory;
    private long descriptors;
    private long driverEvents;
    private long deviceEvents;
    private DirtyLog log;

    private int nextAvailable;
    private boolean availableWrap;
    private int batchCount;
    private boolean callDue = true;
    private boolean broken;

    /**
     * Sets the queue up where it was left.
     *
     * @param size     any up to {@link Virtqueue#MAX_SIZE}.
     * @param base     as {@link #base()} tells it.
     * @param features negotiated, of {@link VirtioBlk}.
     * @param layout   the ring's areas.
     * @param notes    of what is in flight, or null for none. With them, {@code base} counts only where there is nothing noted
     *                 yet.
     * @throws IllegalArgumentException when the areas are misaligned, the base is beyond the ring, or the notes are not of this
     *                                  ring.
     */
    public PackedVirtqueue(
            final int size, final int base, final long features, final RingLayout layout, final PackedInflight notes) {
        if (!Virtqueue.isValidSize(size, true)) {
            throw new IllegalArgumentException("size of a packed virtqueue: " + size);
        }
        if (PackedInflight.index(base) >= size || PackedInflight.index(base >>> Short.SIZE) >= size) {
            throw new IllegalArgumentException("base 0x" + Integer.toHexString(base) + " of a ring of " + size);
        }
        this.size = size;
        this.eventIndex = (features & VirtioBlk.F_RING_EVENT_IDX) != 0;
        this.indirect = (features & VirtioBlk.F_RING_INDIRECT_DESC) != 0;
        this.inflight = notes == null ? new PackedInflight(size) : notes;
        elements = new ElementsInFlight(size);
        batch = new int[size];
        batchLengths = new int[size];
        relocate(layout);
        elements.begin(inflight.begin(this::isAvailable, base >>> Short.SIZE));
        if (notes == null) {
            nextAvailable = PackedInflight.index(base);
            availableWrap = PackedInflight.wrap(base);
        } else {
            nextAvailable = PackedInflight.index(inflight.used());
            availableWrap = PackedInflight.wrap(inflight.used());
            passAvailable(size - inflight.freeCount());
        }
    }

    /** Bytes of the descriptor ring of a queue of this size. */
    public static int descriptorRingSize(final int size) {
        return DESCRIPTOR_SIZE * size;
    }

    @Override
    public void relocate(final RingLayout layout) {
        if (layout.descriptors() % DESCRIPTOR_ALIGNMENT != 0
                || layout.driverArea() % EVENT_ALIGNMENT != 0
                || layout.deviceArea() % EVENT_ALIGNMENT != 0) {
            throw new IllegalArgumentException("misaligned virtqueue");
        }
        memory = layout.memory();
        descriptors = layout.descriptors();
        driverEvents = layout.driverArea();
        deviceEvents = layout.deviceArea();
        log = layout.log();
    }

    @Override
    public int size() {
        return size;
    }

    @Override
    public boolean hasLeft() {
        return elements.hasLeft();
    }

    @Override
    public int resubmit(final DescriptorChain chain) {
        chain.clear();
        final int head = broken ? EMPTY : elements.nextLeft();
        if (head == EMPTY) {
            return EMPTY;
        }
        int entry = head;
        boolean isWhole = true;
        for (int i = inflight.num(head); i > 0; i--) {
            isWhole = add(chain, inflight.descriptor(entry), inflight.rest(entry));
            entry = inflight.next(entry);
        }
        if (!isWhole || !chain.end(memory)) {
            broken = true;
            return EMPTY;
        }
        return head;
    }

    @Override
    public int poll(final DescriptorChain chain) {
        chain.clear();
        if (broken || !isAvailable(nextAvailable, availableWrap)) {
            return EMPTY;
        }
        final int free = inflight.freeCount();
        if (free == 0) {
            broken = true;
            return EMPTY;
        }
        final int head = inflight.beginElement();
        boolean isWhole;
        int count = 0;
        long rest;
        do {
            if (count == free) {
                broken = true;
                return EMPTY;
            }
            final long descriptor = descriptor(nextAvailable + count++);
            final long address = Memory.getLong(descriptor);
            rest = Memory.getLong(descriptor + SECOND_LONG_OFFSET);
            inflight.add(address, rest);
            isWhole = add(chain, address, rest);
        } while ((flags(rest) & F_NEXT) != 0);
        if (!isWhole || !chain.end(memory)) {
            broken = true;
            return EMPTY;
        }
        inflight.take((int) (rest >>> ID_SHIFT) & MASK);
        passAvailable(count);
        elements.take(head);
        return head;
    }

    private boolean isAvailable(final int index, final boolean wrap) {
        final int flags = flags(Memory.getLongAcquire(descriptor(index) + SECOND_LONG_OFFSET));
        return (flags & F_AVAILABLE) != 0 == wrap && (flags & F_USED) != 0 != wrap;
    }

    private void passAvailable(final int count) {
        nextAvailable += count;
        if (nextAvailable >= size) {
            nextAvailable -= size;
            availableWrap = !availableWrap;
        }
    }

    /** Where the descriptor at an index below twice the size lies: beyond the end, the ring goes on at its beginning. */
    private long descriptor(final int index) {
        return descriptors + (long) DESCRIPTOR_SIZE * (index < size ? index : index - size);
    }

    /** Adds a descriptor to a chain; whether the chain's end has been found, should this be its last. */
    private boolean add(final DescriptorChain chain, final long address, final long rest) {
        final int flags = flags(rest);
        if ((flags & F_INDIRECT) == 0) {
            chain.add(memory, address, (int) rest, (flags & F_WRITE) != 0);
            return true;
        }
        if ((flags & F_NEXT) != 0) {
            chain.refuse();
            return true;
        }
        return indirect && addIndirect(chain, address, (int) rest);
    }

    private boolean addIndirect(final DescriptorChain chain, final long tableAddress, final int tableLength) {
        final int count = table.copy(memory, tableAddress, tableLength, chain);
        boolean isWhole = false;
        for (int i = 0; i < count; i++) {
            final int flags = flags(table.rest(i));
            isWhole = (flags & F_INDIRECT) == 0;
            if (isWhole) {
                chain.add(memory, table.address(i), (int) table.rest(i), (flags & F_WRITE) != 0);
            } else {
                chain.refuse();
            }
        }
        return isWhole;
    }

    private static int flags(final long rest) {
        return (int) (rest >>> FLAGS_SHIFT);
    }

    @Override
    public void complete(final int id, final int writtenLength) {
        elements.give(id);
        batch[batchCount] = id;
        batchLengths[batchCount] = writtenLength;
        batchCount++;
    }

    @Override
    public boolean publish() {
        if (batchCount == 0) {
            return false;
        }
        int passed = 0;
        for (int i = 0; i < batchCount; i++) {
            passed += inflight.num(batch[i]);
        }
        final int used = inflight.used();
        final int newUsed = pass(used, passed);
        inflight.beginPublish(batch, batchCount, newUsed);
        putBatch(used);
        inflight.endPublish(batch, batchCount);
        batchCount = 0;
        // The driver writes its wish, then looks at the ring; here it is the other way round.
        VarHandle.fullFence();
        if (callDue) {
            callDue = false;
            return true;
        }
        return isCallWanted(newUsed, passed);
    }

    /** Writes the used descriptors, the first one last: the driver looks at that one first, and sees all or none. */
    private void putBatch(final int used) {
        int position = pass(used, inflight.num(batch[0]));
        for (int i = 1; i < batchCount; i++) {
            putUsedDescriptor(position, i);
            position = pass(position, inflight.num(batch[i]));
        }
        putUsedDescriptor(used, 0);
    }

    private int pass(final int position, final int count) {
        final int index = PackedInflight.index(position) + count;
        final int wrap = position & 1 << WRAP_SHIFT;
        return index < size ? index | wrap : index - size | wrap ^ 1 << WRAP_SHIFT;
    }

    private boolean isCallWanted(final int used, final int passed) {
        final int events = Memory.getIntAcquire(driverEvents);
        final int flags = events >>> EVENT_FLAGS_SHIFT;
        if (flags != EVENTS_DESC || !eventIndex) {
            return flags != EVENTS_DISABLE;
        }
        int wanted = PackedInflight.index(events);
        if (PackedInflight.wrap(events) != PackedInflight.wrap(used)) {
            wanted -= size;
        }
        return ((PackedInflight.index(used) - wanted - 1) & MASK) < passed;
    }

    @Override
    public boolean armNotifications() {
        if (broken) {
            return false;
        }
        putDeviceEvents(eventIndex ? position() | EVENTS_DESC << EVENT_FLAGS_SHIFT : EVENTS_ENABLE);
        VarHandle.fullFence();
        return isAvailable(nextAvailable, availableWrap);
    }

    @Override
    public void disarmNotifications() {
        putDeviceEvents(EVENTS_DISABLE << EVENT_FLAGS_SHIFT);
    }

    private int position() {
        return nextAvailable | (availableWrap ? 1 << WRAP_SHIFT : 0);
    }

    private void putUsedDescriptor(final int position, final int batchIndex) {
        final int length = batchLengths[batchIndex];
        final long flags = (PackedInflight.wrap(position) ? F_AVAILABLE | F_USED : 0) | (length != 0 ? F_WRITE : 0);
        final long address = descriptor(PackedInflight.index(position)) + SECOND_LONG_OFFSET;
        Memory.putLongRelease(
                address,
                length & 0xffff_ffffL | (long) inflight.bufferId(batch[batchIndex]) << ID_SHIFT | flags << FLAGS_SHIFT);
        if (log != null) {
            log.markNative(address, Long.BYTES);
        }
    }

    private void putDeviceEvents(final int events) {
        Memory.putIntRelease(deviceEvents, events);
        if (log != null) {
            log.markNative(deviceEvents, EVENT_SIZE);
        }
    }

    @Override
    public int inFlight() {
        return elements.count();
    }

    @Override
    public boolean isBlank() {
        return !broken && IndirectTable.isBlank(descriptors, size);
    }

    @Override
    public boolean isBroken() {
        return broken;
    }

    @Override
    public int base() {
        return position() | inflight.used() << Short.SIZE;
    }
}

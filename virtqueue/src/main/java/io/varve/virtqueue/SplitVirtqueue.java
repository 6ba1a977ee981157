package io.varve.virtqueue;

import io.varve.linux.Memory;
import java.lang.invoke.VarHandle;

/**
 * A split virtqueue (virtio 1.3, section 2.7), with indirect descriptors and the event index.
 *
 * <p>The ring's three parts must have been found to lie within mapped memory and to be aligned, by whoever creates this. Everything
 * else is checked here. Each value of the guest's is read once: a descriptor as two longs, an indirect table by copying it
 * whole.
 */
public final class SplitVirtqueue implements Virtqueue {
    /** Required alignment of the descriptor table, in bytes. */
    public static final int DESCRIPTOR_ALIGNMENT = 16;

    /** Required alignment of the available ring, in bytes. */
    public static final int AVAILABLE_ALIGNMENT = 2;

    /** Required alignment of the used ring, in bytes. */
    public static final int USED_ALIGNMENT = 4;

    /** {@code struct virtq_desc}: addr u64, len u32, flags u16, next u16. */
    private static final int DESCRIPTOR_SIZE = 16;

    private static final int DESCRIPTOR_SECOND_LONG = 8;
    private static final int DESCRIPTOR_FLAGS_SHIFT = 32;
    private static final int DESCRIPTOR_NEXT_SHIFT = 48;

    /** VIRTQ_DESC_F_NEXT: the chain goes on. */
    private static final int F_NEXT = 1;

    /** VIRTQ_DESC_F_WRITE: for the device to write, else to read. */
    private static final int F_WRITE = 2;

    /** VIRTQ_DESC_F_INDIRECT: the memory holds a table of descriptors. */
    private static final int F_INDIRECT = 4;

    /** {@code struct virtq_avail}: flags u16, idx u16, ring u16[], used_event u16. */
    private static final int AVAILABLE_INDEX_OFFSET = 2;

    private static final int AVAILABLE_RING_OFFSET = 4;

    /** VIRTQ_AVAIL_F_NO_INTERRUPT: the driver does not want to be called. */
    private static final int NO_INTERRUPT = 1;

    /** {@code struct virtq_used}: flags u16, idx u16, ring {id u32, len u32}[], avail_event u16. */
    private static final int USED_INDEX_OFFSET = 2;

    private static final int USED_RING_OFFSET = 4;
    private static final int USED_ELEMENT_SIZE = 8;

    /** VIRTQ_USED_F_NO_NOTIFY: the device does not want to be notified. */
    private static final short NO_NOTIFY = 1;

    private static final int INDEX_MASK = 0xffff;

    private final int size;
    private final boolean eventIndex;
    private final boolean indirect;
    private final ElementsInFlight elements;
    private final SplitInflight inflight;
    private final IndirectTable table = new IndirectTable();

    private GuestMemory memory;
    private long descriptors;
    private long available;
    private long used;
    private DirtyLog log;
    private long logAddress;

    private int nextAvailable;
    private int knownAvailable;
    private int nextUsed;
    private int publishedUsed;
    private boolean callDue;
    private boolean broken;

    /**
     * Sets the queue up where it was left.
     *
     * @param size       a power of two up to {@link Virtqueue#MAX_SIZE}.
     * @param base       index of the next element to be taken, 16 bits.
     * @param features   negotiated, of {@link VirtioBlk}.
     * @param layout     the ring's parts; the index of the next used element is taken from the used ring.
     * @param inflight   notes of what is in flight, or null for none. With them, {@code base} does not count: the next element to
     *                   be taken is found by the used index and the number of those in flight.
     * @throws IllegalArgumentException when the parts are misaligned, or the notes are not of this ring.
     */
    public SplitVirtqueue(
            final int size,
            final int base,
            final long features,
            final RingLayout layout,
            final SplitInflight inflight) {
        if (!Virtqueue.isValidSize(size, false)) {
            throw new IllegalArgumentException("size of a split virtqueue: " + size);
        }
        this.size = size;
        this.eventIndex = (features & VirtioBlk.F_RING_EVENT_IDX) != 0;
        this.indirect = (features & VirtioBlk.F_RING_INDIRECT_DESC) != 0;
        this.elements = new ElementsInFlight(size);
        this.inflight = inflight;
        relocate(layout);
        nextUsed = Memory.getShort(used + USED_INDEX_OFFSET) & INDEX_MASK;
        publishedUsed = nextUsed;
        nextAvailable = base & INDEX_MASK;
        if (inflight != null) {
            elements.begin(inflight.begin(nextUsed));
            nextAvailable = (nextUsed + elements.count()) & INDEX_MASK;
        }
        knownAvailable = nextAvailable;
        callDue = true;
    }

    /** Bytes of the descriptor table of a queue of this size. */
    public static int descriptorTableSize(final int size) {
        return DESCRIPTOR_SIZE * size;
    }

    /** Bytes of the available ring of a queue of this size, used_event included. */
    public static int availableRingSize(final int size) {
        return AVAILABLE_RING_OFFSET + Short.BYTES * size + Short.BYTES;
    }

    /** Bytes of the used ring of a queue of this size, avail_event included. */
    public static int usedRingSize(final int size) {
        return USED_RING_OFFSET + USED_ELEMENT_SIZE * size + Short.BYTES;
    }

    @Override
    public void relocate(final RingLayout layout) {
        if (layout.descriptors() % DESCRIPTOR_ALIGNMENT != 0
                || layout.driverArea() % AVAILABLE_ALIGNMENT != 0
                || layout.deviceArea() % USED_ALIGNMENT != 0) {
            throw new IllegalArgumentException("misaligned virtqueue");
        }
        memory = layout.memory();
        descriptors = layout.descriptors();
        available = layout.driverArea();
        used = layout.deviceArea();
        log = layout.log();
        logAddress = layout.logAddress();
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
        if (head != EMPTY && !fill(chain, head)) {
            broken = true;
            return EMPTY;
        }
        return head;
    }

    @Override
    public int poll(final DescriptorChain chain) {
        chain.clear();
        if (broken || nextAvailable == knownAvailable && !lookForAvailable()) {
            return EMPTY;
        }
        final long entry = available + AVAILABLE_RING_OFFSET + (long) Short.BYTES * (nextAvailable & (size - 1));
        final int head = Memory.getShort(entry) & INDEX_MASK;
        if (head >= size || elements.contains(head) || elements.count() + unpublished() >= size || !fill(chain, head)) {
            broken = true;
            return EMPTY;
        }
        nextAvailable = (nextAvailable + 1) & INDEX_MASK;
        elements.take(head);
        if (inflight != null) {
            inflight.take(head);
        }
        return head;
    }

    /** Fills a chain; whether it can be answered. */
    private boolean fill(final DescriptorChain chain, final int head) {
        return walk(head, chain) && chain.end(memory);
    }

    /** Elements that the driver does not know to be used yet, and so can't have made available again. */
    private int unpublished() {
        return (nextUsed - publishedUsed) & INDEX_MASK;
    }

    private boolean lookForAvailable() {
        final int index = Memory.getShortAcquire(available + AVAILABLE_INDEX_OFFSET) & INDEX_MASK;
        if (((index - nextAvailable) & INDEX_MASK) > size) {
            broken = true;
            return false;
        }
        knownAvailable = index;
        return index != nextAvailable;
    }

    /** Follows a chain through the ring; whether its end was found. */
    private boolean walk(final int head, final DescriptorChain chain) {
        int index = head;
        for (int steps = 0; steps < size && index < size; steps++) {
            final long descriptor = descriptors + (long) DESCRIPTOR_SIZE * index;
            final long address = Memory.getLong(descriptor);
            final long rest = Memory.getLong(descriptor + DESCRIPTOR_SECOND_LONG);
            final int flags = flags(rest);
            final boolean isLast = (flags & F_NEXT) == 0;
            if ((flags & F_INDIRECT) == 0) {
                chain.add(memory, address, (int) rest, (flags & F_WRITE) != 0);
            } else if (isLast) {
                return indirect && walkIndirect(address, (int) rest, chain);
            } else {
                chain.refuse();
            }
            if (isLast) {
                return true;
            }
            index = next(rest);
        }
        return false;
    }

    private boolean walkIndirect(final long tableAddress, final int tableLength, final DescriptorChain chain) {
        final int tableSize = table.copy(memory, tableAddress, tableLength, chain);
        int index = 0;
        for (int steps = 0; steps < tableSize && index < tableSize; steps++) {
            final long rest = table.rest(index);
            final int flags = flags(rest);
            final boolean isLast = (flags & F_NEXT) == 0;
            if ((flags & F_INDIRECT) == 0) {
                chain.add(memory, table.address(index), (int) rest, (flags & F_WRITE) != 0);
            } else if (isLast) {
                return false;
            } else {
                chain.refuse();
            }
            if (isLast) {
                return true;
            }
            index = next(rest);
        }
        return false;
    }

    private static int flags(final long rest) {
        return (int) (rest >>> DESCRIPTOR_FLAGS_SHIFT) & INDEX_MASK;
    }

    private static int next(final long rest) {
        return (int) (rest >>> DESCRIPTOR_NEXT_SHIFT);
    }

    @Override
    public void complete(final int id, final int writtenLength) {
        elements.give(id);
        if (inflight != null) {
            inflight.use(id);
        }
        putUsedElement(id, writtenLength);
        nextUsed = (nextUsed + 1) & INDEX_MASK;
    }

    @Override
    public boolean publish() {
        final int old = publishedUsed;
        if (nextUsed == old) {
            return false;
        }
        if (inflight != null) {
            inflight.beginPublish();
            putUsedIndex();
            inflight.endPublish(nextUsed);
        } else {
            putUsedIndex();
        }
        publishedUsed = nextUsed;
        // The driver writes its wish, then looks at the index; here it is the other way round.
        VarHandle.fullFence();
        if (callDue) {
            callDue = false;
            return true;
        }
        if (!eventIndex) {
            return (Memory.getShortAcquire(available) & NO_INTERRUPT) == 0;
        }
        final int wanted = Memory.getShortAcquire(available + AVAILABLE_RING_OFFSET + (long) Short.BYTES * size);
        return ((nextUsed - wanted - 1) & INDEX_MASK) < ((nextUsed - old) & INDEX_MASK);
    }

    @Override
    public boolean armNotifications() {
        if (broken) {
            return false;
        }
        if (eventIndex) {
            putAvailableEvent();
        } else {
            putUsedFlags((short) 0);
        }
        VarHandle.fullFence();
        return nextAvailable != knownAvailable || lookForAvailable();
    }

    @Override
    public void disarmNotifications() {
        if (!eventIndex) {
            putUsedFlags(NO_NOTIFY);
        }
    }

    private void putUsedElement(final int id, final int writtenLength) {
        final int offset = USED_RING_OFFSET + USED_ELEMENT_SIZE * (nextUsed & (size - 1));
        Memory.putLong(used + offset, id | (long) writtenLength << Integer.SIZE);
        if (log != null) {
            log.mark(logAddress + offset, USED_ELEMENT_SIZE);
        }
    }

    private void putUsedIndex() {
        putUsedShort(USED_INDEX_OFFSET, nextUsed);
    }

    private void putUsedFlags(final short flags) {
        putUsedShort(0, flags);
    }

    private void putAvailableEvent() {
        putUsedShort(USED_RING_OFFSET + USED_ELEMENT_SIZE * size, nextAvailable);
    }

    private void putUsedShort(final int offset, final int value) {
        Memory.putShortRelease(used + offset, (short) value);
        if (log != null) {
            log.mark(logAddress + offset, Short.BYTES);
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
        return nextAvailable;
    }
}

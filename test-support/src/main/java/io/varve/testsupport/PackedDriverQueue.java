package io.varve.testsupport;

import java.lang.invoke.VarHandle;

/**
 * The driver's side of a packed virtqueue. A buffer id is the number of its slot with a bit that no device may care about; the
 * driver's area and the device's area are the two event suppression structures.
 */
public final class PackedDriverQueue extends DriverQueue {
    private static final int F_AVAILABLE = 1 << 7;
    private static final int F_USED = 1 << 15;
    private static final int ID_BIT = 0x4000;
    private static final int EVENTS_DISABLE = 1;
    private static final int EVENTS_DESC = 2;
    private static final int WRAP = 1 << 15;

    private final int[] lengths;
    private int freeDescriptors;
    private int nextAvailable;
    private boolean availableWrap;
    private int nextUsed;
    private boolean usedWrap;
    private int added;
    private int firstAdded;
    private int firstFlags;
    private int startPosition;

    PackedDriverQueue(
            final GuestRam ram,
            final long base,
            final int size,
            final int maxDataLength,
            final boolean indirect,
            final boolean eventIndex) {
        super(ram, base, size, maxDataLength, indirect, eventIndex);
        lengths = new int[size];
    }

    @Override
    void resetRing(final int index) {
        freeDescriptors = size;
        nextAvailable = index % size;
        availableWrap = true;
        nextUsed = nextAvailable;
        usedWrap = true;
        added = 0;
        startPosition = nextAvailable | WRAP;
        for (int i = 0; i < size; i++) {
            ram.putLong(descriptors + (long) DESCRIPTOR * i, 0);
            ram.putLong(descriptors + (long) DESCRIPTOR * i + 8, 0);
        }
        ram.putInt(available, 0);
        ram.putInt(used, 0);
    }

    @Override
    public int startBase() {
        return startPosition | startPosition << 16;
    }

    @Override
    boolean hasRoom(final int count) {
        return freeDescriptors >= count;
    }

    /** Writes any descriptor at the next place, as a broken or hostile driver may; seen at once unless others wait. */
    public void putDescriptor(final long address, final int length, final int flags, final int id) {
        final long descriptor = descriptors + (long) DESCRIPTOR * nextAvailable;
        ram.putLong(descriptor, address);
        ram.putInt(descriptor + 8, length);
        ram.putShort(descriptor + 12, id);
        final int ownership = availableWrap ? F_AVAILABLE : F_USED;
        if (added == 0) {
            firstAdded = nextAvailable;
            firstFlags = flags | ownership;
        } else {
            ram.putShort(descriptor + 14, flags | ownership);
        }
        added++;
        freeDescriptors--;
        if (++nextAvailable == size) {
            nextAvailable = 0;
            availableWrap = !availableWrap;
        }
    }

    @Override
    void offer(final int slot, final int readablePieces) {
        if (indirect) {
            for (int i = 0; i < pieceCount; i++) {
                final long entry = table(slot) + (long) DESCRIPTOR * i;
                ram.putLong(entry, pieceAddresses[i]);
                ram.putInt(entry + 8, pieceLengths[i]);
                ram.putShort(entry + 12, 0);
                ram.putShort(entry + 14, i < readablePieces ? 0 : F_WRITE);
            }
            putDescriptor(table(slot), pieceCount * DESCRIPTOR, F_INDIRECT, slot | ID_BIT);
            lengths[slot] = 1;
            return;
        }
        for (int i = 0; i < pieceCount; i++) {
            final int flags = (i < readablePieces ? 0 : F_WRITE) | (i + 1 < pieceCount ? F_NEXT : 0);
            // Only the id of the last one counts.
            putDescriptor(pieceAddresses[i], pieceLengths[i], flags, i + 1 < pieceCount ? i : slot | ID_BIT);
        }
        lengths[slot] = pieceCount;
    }

    @Override
    boolean publishRing() {
        if (added == 0) {
            return false;
        }
        VarHandle.releaseFence();
        ram.putShort(descriptors + (long) DESCRIPTOR * firstAdded + 14, firstFlags);
        VarHandle.fullFence();
        final int count = added;
        added = 0;
        final int events = ram.getInt(used);
        final int flags = events >>> 16;
        if (flags != EVENTS_DESC || !eventIndex) {
            return flags != EVENTS_DISABLE;
        }
        int wanted = events & ~(-1 << 15);
        if ((events & WRAP) != 0 != availableWrap) {
            wanted -= size;
        }
        return ((nextAvailable - wanted - 1) & 0xffff) < count;
    }

    private boolean isUsed() {
        final int flags = ram.getShort(descriptors + (long) DESCRIPTOR * nextUsed + 14);
        VarHandle.acquireFence();
        return (flags & F_AVAILABLE) != 0 == usedWrap && (flags & F_USED) != 0 == usedWrap;
    }

    @Override
    public BlkRequest poll() {
        if (freeDescriptors == size || !isUsed()) {
            return null;
        }
        final long descriptor = descriptors + (long) DESCRIPTOR * nextUsed;
        final int id = ram.getShort(descriptor + 12);
        final long length = ram.getInt(descriptor + 8) & 0xffff_ffffL;
        final int slot = id & ~ID_BIT;
        if ((id & ID_BIT) == 0 || slot >= size) {
            throw new AssertionError("buffer id " + id + " came back");
        }
        final BlkRequest request = finish(slot, length);
        nextUsed += lengths[slot];
        freeDescriptors += lengths[slot];
        if (nextUsed >= size) {
            nextUsed -= size;
            usedWrap = !usedWrap;
        }
        giveSlot(slot);
        if (callsWanted) {
            wantCalls();
        }
        return request;
    }

    /** Where the driver looks for the next used descriptor: index, and wrap counter in bit 15. */
    public int usedPosition() {
        return nextUsed | (usedWrap ? WRAP : 0);
    }

    @Override
    public boolean wantCalls() {
        callsWanted = true;
        ram.putInt(available, eventIndex ? usedPosition() | EVENTS_DESC << 16 : 0);
        VarHandle.fullFence();
        return freeDescriptors < size && isUsed();
    }

    @Override
    public void refuseCalls() {
        callsWanted = false;
        ram.putInt(available, EVENTS_DISABLE << 16);
    }
}

package io.varve.testsupport;

import java.lang.invoke.VarHandle;

/** The driver's side of a split virtqueue. A slot is the first descriptor of its request's chain. */
public final class SplitDriverQueue extends DriverQueue {
    private static final int NO_INTERRUPT = 1;
    private static final int NO_NOTIFY = 1;

    private final int[][] chains;
    private final int[] chainLengths;
    private int nextAvailable;
    private int publishedAvailable;
    private int nextUsed;

    SplitDriverQueue(
            final GuestRam ram,
            final long base,
            final int size,
            final int maxDataLength,
            final boolean indirect,
            final boolean eventIndex) {
        super(ram, base, size, maxDataLength, indirect, eventIndex);
        chains = new int[size][MAX_PIECES];
        chainLengths = new int[size];
    }

    @Override
    void resetRing(final int index) {
        nextAvailable = index & 0xffff;
        publishedAvailable = nextAvailable;
        nextUsed = nextAvailable;
        ram.putShort(available, 0);
        ram.putShort(available + 2, nextAvailable);
        ram.putShort(available + 4 + 2L * size, nextUsed);
        ram.putShort(used, 0);
        ram.putShort(used + 2, nextUsed);
        ram.putShort(used + 4 + 8L * size, nextAvailable);
    }

    @Override
    public int startBase() {
        return usedIndex();
    }

    /** The 16-bit used index that the device has published. */
    public int usedIndex() {
        return ram.getShort(used + 2);
    }

    /** Puts any head into the available ring, as a broken or hostile driver may. */
    public void putAvailable(final int head) {
        ram.putShort(available + 4 + 2L * (nextAvailable & (size - 1)), head);
        nextAvailable = (nextAvailable + 1) & 0xffff;
    }

    /** Writes any descriptor into the table, as a broken or hostile driver may. */
    public void putDescriptor(final int index, final long address, final int length, final int flags, final int next) {
        putDescriptor(descriptors, index, address, length, flags, next);
    }

    /** Writes any index as the available index. */
    public void putAvailableIndex(final int index) {
        ram.putShort(available + 2, index);
    }

    private void putDescriptor(
            final long table, final int index, final long address, final int length, final int flags, final int next) {
        final long descriptor = table + (long) DESCRIPTOR * index;
        ram.putLong(descriptor, address);
        ram.putInt(descriptor + 8, length);
        ram.putShort(descriptor + 12, flags);
        ram.putShort(descriptor + 14, next);
    }

    @Override
    boolean hasRoom(final int count) {
        return freeSlots() >= count;
    }

    @Override
    void offer(final int head, final int readablePieces) {
        writeChain(head, readablePieces);
        putAvailable(head);
    }

    private void writeChain(final int head, final int readablePieces) {
        final int[] chain = chains[head];
        chain[0] = head;
        if (indirect) {
            final long table = table(head);
            for (int i = 0; i < pieceCount; i++) {
                final int flags = (i < readablePieces ? 0 : F_WRITE) | (i + 1 < pieceCount ? F_NEXT : 0);
                putDescriptor(table, i, pieceAddresses[i], pieceLengths[i], flags, i + 1);
            }
            putDescriptor(head, table, pieceCount * DESCRIPTOR, F_INDIRECT, 0);
            chainLengths[head] = 1;
            return;
        }
        for (int i = 1; i < pieceCount; i++) {
            chain[i] = takeSlot();
        }
        for (int i = 0; i < pieceCount; i++) {
            final boolean last = i + 1 == pieceCount;
            final int flags = (i < readablePieces ? 0 : F_WRITE) | (last ? 0 : F_NEXT);
            putDescriptor(chain[i], pieceAddresses[i], pieceLengths[i], flags, last ? 0 : chain[i + 1]);
        }
        chainLengths[head] = pieceCount;
    }

    @Override
    boolean publishRing() {
        final int old = publishedAvailable;
        if (nextAvailable == old) {
            return false;
        }
        VarHandle.releaseFence();
        ram.putShort(available + 2, nextAvailable);
        publishedAvailable = nextAvailable;
        VarHandle.fullFence();
        if (eventIndex) {
            final int event = ram.getShort(used + 4 + 8L * size);
            return ((nextAvailable - event - 1) & 0xffff) < ((nextAvailable - old) & 0xffff);
        }
        return (ram.getShort(used) & NO_NOTIFY) == 0;
    }

    @Override
    public BlkRequest poll() {
        final int index = ram.getShort(used + 2);
        VarHandle.acquireFence();
        if (index == nextUsed) {
            return null;
        }
        if (((index - nextUsed) & 0xffff) > size) {
            throw new AssertionError("used index " + index + " after " + nextUsed);
        }
        final long element = used + 4 + 8L * (nextUsed & (size - 1));
        final int head = ram.getInt(element);
        final long length = ram.getInt(element + 4) & 0xffff_ffffL;
        nextUsed = (nextUsed + 1) & 0xffff;
        if (callsWanted) {
            wantCalls();
        }
        final BlkRequest request = finish(head, length);
        for (int i = chainLengths[head] - 1; i >= 0; i--) {
            giveSlot(chains[head][i]);
        }
        return request;
    }

    @Override
    public boolean wantCalls() {
        callsWanted = true;
        if (eventIndex) {
            ram.putShort(available + 4 + 2L * size, nextUsed);
        } else {
            ram.putShort(available, 0);
        }
        VarHandle.fullFence();
        return ram.getShort(used + 2) != nextUsed;
    }

    @Override
    public void refuseCalls() {
        callsWanted = false;
        if (eventIndex) {
            ram.putShort(available + 4 + 2L * size, nextUsed - 1);
        } else {
            ram.putShort(available, NO_INTERRUPT);
        }
    }
}

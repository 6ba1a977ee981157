package io.varve.testsupport;

import io.varve.linux.EventFd;
import java.lang.invoke.VarHandle;

/**
 * The driver's side of a split virtqueue for block requests, in guest memory. One thread.
 *
 * <p>Its memory, from its base: descriptor table, available ring and used ring, each beginning on a page; then an area for
 * each descriptor, which a request that begins with this descriptor uses for its indirect table and its bytes.
 */
public final class DriverQueue {
    /** Most descriptors of a request, be they in the ring or in an indirect table. */
    public static final int MAX_PIECES = 64;

    private static final int F_NEXT = 1;
    private static final int F_WRITE = 2;
    private static final int F_INDIRECT = 4;
    private static final int NO_INTERRUPT = 1;
    private static final int NO_NOTIFY = 1;

    private static final int PAGE = 4096;
    private static final int DESCRIPTOR = 16;
    private static final int HEADER = 16;
    private static final int STATUS = 1;
    private static final int INDIRECT_BYTES = MAX_PIECES * DESCRIPTOR;
    private static final int GAP_BYTES = MAX_PIECES * 16;

    private final GuestRam ram;
    private final int size;
    private final boolean indirect;
    private final boolean eventIndex;
    private final long descriptors;
    private final long available;
    private final long used;
    private final long areas;
    private final int areaSize;

    private final int[] free;
    private int freeCount;
    private final BlkRequest[] requests;
    private final int[][] chains;
    private final int[] chainLengths;
    private final long[][] inAddresses;
    private final int[][] inLengths;
    private final int[] inCounts;

    private final Framing.Cuts cuts = new Framing.Cuts();
    private final byte[] header = new byte[HEADER];
    private final byte[] statusByte = new byte[STATUS];
    private final long[] pieceAddresses = new long[MAX_PIECES];
    private final int[] pieceLengths = new int[MAX_PIECES];
    private int pieceCount;

    private int nextAvailable;
    private int publishedAvailable;
    private int nextUsed;
    private int inFlight;
    private boolean callsWanted = true;
    private EventFd kick;

    /**
     * Lays a queue out.
     *
     * @param ram           where.
     * @param base          its first guest-physical address, on a page.
     * @param size          descriptors.
     * @param maxDataLength most bytes of a request's data.
     * @param indirect      whether requests use indirect tables.
     * @param eventIndex    whether both sides say which index they wait for.
     */
    public DriverQueue(
            final GuestRam ram,
            final long base,
            final int size,
            final int maxDataLength,
            final boolean indirect,
            final boolean eventIndex) {
        this.ram = ram;
        this.size = size;
        this.indirect = indirect;
        this.eventIndex = eventIndex;
        descriptors = base;
        available = pageUp(descriptors + (long) DESCRIPTOR * size);
        used = pageUp(available + 6 + 2L * size);
        areas = pageUp(used + 6 + 8L * size);
        areaSize = areaSize(maxDataLength);
        free = new int[size];
        requests = new BlkRequest[size];
        chains = new int[size][MAX_PIECES];
        chainLengths = new int[size];
        inAddresses = new long[size][MAX_PIECES];
        inLengths = new int[size][MAX_PIECES];
        inCounts = new int[size];
        reset();
    }

    /** Bytes of guest memory that a queue needs. */
    public static long memorySize(final int size, final int maxDataLength) {
        return 3L * PAGE + 26L * size + 3L * PAGE + (long) size * areaSize(maxDataLength);
    }

    private static int areaSize(final int maxDataLength) {
        return INDIRECT_BYTES + HEADER + maxDataLength + STATUS + GAP_BYTES;
    }

    private static long pageUp(final long address) {
        return (address + PAGE - 1) & -PAGE;
    }

    /** Starts from the beginning: an empty ring, with both indices at 0. */
    public void reset() {
        resetTo(0);
    }

    /** Starts with an empty ring whose indices are somewhere else, so that they wrap soon. */
    public void resetTo(final int index) {
        for (int i = 0; i < size; i++) {
            free[i] = size - 1 - i;
            requests[i] = null;
        }
        freeCount = size;
        inFlight = 0;
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

    /** Kicks go here from now on. */
    public void kick(final EventFd newKick) {
        kick = newKick;
    }

    /** Number of descriptors. */
    public int size() {
        return size;
    }

    /** Guest-physical address of the descriptor table. */
    public long descriptors() {
        return descriptors;
    }

    /** Guest-physical address of the available ring. */
    public long available() {
        return available;
    }

    /** Guest-physical address of the used ring. */
    public long used() {
        return used;
    }

    /** Requests that were submitted and did not come back. */
    public int inFlight() {
        return inFlight;
    }

    /** The 16-bit used index that the device has published. */
    public int usedIndex() {
        return ram.getShort(used + 2);
    }

    /**
     * Puts a request into the ring; the device sees it after {@link #publish()}.
     *
     * @return false when there are not enough descriptors.
     */
    public boolean submit(final BlkRequest request, final Framing framing) {
        if (freeCount == 0) {
            return false;
        }
        final int head = free[freeCount - 1];
        long position = areas + (long) areaSize * head + INDIRECT_BYTES;
        pieceCount = 0;
        encodeHeader(request);
        position = layOut(
                framing.cut(HEADER + request.out().length, HEADER, cuts), HEADER + request.out().length, position);
        final int readablePieces = pieceCount;
        layOut(
                framing.cut(request.in().length + STATUS, request.in().length, cuts),
                request.in().length + STATUS,
                position);
        if (!indirect && pieceCount > freeCount) {
            return false;
        }
        final int headerLeft = copyIn(header, readablePieces, 0);
        copyIn(request.out(), readablePieces, headerLeft);
        statusByte[0] = (byte) BlkRequest.NO_STATUS;
        rememberIn(head, readablePieces);
        transfer(head, request.in().length, statusByte, true);
        writeChain(head, readablePieces);
        requests[head] = request;
        request.submitted(System.nanoTime());
        putAvailable(head);
        inFlight++;
        return true;
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

    private void encodeHeader(final BlkRequest request) {
        for (int i = 0; i < HEADER; i++) {
            final long value = i < 4 ? request.type() : i < 8 ? 0 : request.sector();
            header[i] = (byte) (value >>> 8 * (i & (i < 8 ? 3 : 7)));
        }
    }

    private long layOut(final Framing.Cuts where, final int total, final long start) {
        long position = start;
        int done = 0;
        for (int i = 0; i <= where.count(); i++) {
            final int end = i < where.count() ? where.position(i) : total;
            pieceAddresses[pieceCount] = position;
            pieceLengths[pieceCount] = end - done;
            pieceCount++;
            position += end - done + (i < where.count() ? where.gap(i) : 0);
            done = end;
        }
        return position;
    }

    /** Copies bytes into the readable pieces, from an offset within them; answers the offset behind the bytes. */
    private int copyIn(final byte[] source, final int pieces, final int offset) {
        int skip = offset;
        int done = 0;
        for (int i = 0; i < pieces && done < source.length; i++) {
            if (skip >= pieceLengths[i]) {
                skip -= pieceLengths[i];
                continue;
            }
            final int length = Math.min(pieceLengths[i] - skip, source.length - done);
            ram.write(pieceAddresses[i] + skip, source, done, length);
            done += length;
            skip = 0;
        }
        return offset + done;
    }

    private void rememberIn(final int head, final int readablePieces) {
        inCounts[head] = pieceCount - readablePieces;
        System.arraycopy(pieceAddresses, readablePieces, inAddresses[head], 0, inCounts[head]);
        System.arraycopy(pieceLengths, readablePieces, inLengths[head], 0, inCounts[head]);
    }

    /** Copies bytes into or out of the writable pieces, from an offset within them. */
    private void transfer(final int head, final int offset, final byte[] bytes, final boolean intoGuest) {
        int skip = offset;
        int done = 0;
        for (int i = 0; i < inCounts[head] && done < bytes.length; i++) {
            final int pieceLength = inLengths[head][i];
            if (skip >= pieceLength) {
                skip -= pieceLength;
                continue;
            }
            final int length = Math.min(pieceLength - skip, bytes.length - done);
            final long address = inAddresses[head][i] + skip;
            if (intoGuest) {
                ram.write(address, bytes, done, length);
            } else {
                ram.read(address, bytes, done, length);
            }
            done += length;
            skip = 0;
        }
    }

    private void writeChain(final int head, final int readablePieces) {
        final int[] chain = chains[head];
        if (indirect) {
            final long table = areas + (long) areaSize * head;
            for (int i = 0; i < pieceCount; i++) {
                final int flags = (i < readablePieces ? 0 : F_WRITE) | (i + 1 < pieceCount ? F_NEXT : 0);
                putDescriptor(table, i, pieceAddresses[i], pieceLengths[i], flags, i + 1);
            }
            putDescriptor(head, table, pieceCount * DESCRIPTOR, F_INDIRECT, 0);
            chain[0] = free[--freeCount];
            chainLengths[head] = 1;
            return;
        }
        for (int i = 0; i < pieceCount; i++) {
            chain[i] = free[--freeCount];
        }
        for (int i = 0; i < pieceCount; i++) {
            final boolean last = i + 1 == pieceCount;
            final int flags = (i < readablePieces ? 0 : F_WRITE) | (last ? 0 : F_NEXT);
            putDescriptor(chain[i], pieceAddresses[i], pieceLengths[i], flags, last ? 0 : chain[i + 1]);
        }
        chainLengths[head] = pieceCount;
    }

    /** Lets the device see what was submitted, and kicks it if it wants that. Returns whether it was kicked. */
    public boolean publish() {
        final int old = publishedAvailable;
        if (nextAvailable == old) {
            return false;
        }
        VarHandle.releaseFence();
        ram.putShort(available + 2, nextAvailable);
        publishedAvailable = nextAvailable;
        VarHandle.fullFence();
        final boolean wanted;
        if (eventIndex) {
            final int event = ram.getShort(used + 4 + 8L * size);
            wanted = ((nextAvailable - event - 1) & 0xffff) < ((nextAvailable - old) & 0xffff);
        } else {
            wanted = (ram.getShort(used) & NO_NOTIFY) == 0;
        }
        if (wanted && kick != null) {
            kick.signal();
        }
        return wanted;
    }

    /** Kicks whether the device wants it or not. */
    public void kickAnyway() {
        kick.signal();
    }

    /** Takes one request that has come back, or null. */
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
        return finish(head, length);
    }

    private BlkRequest finish(final int head, final long length) {
        if (head < 0 || head >= size || requests[head] == null) {
            throw new AssertionError("head " + head + " came back, and was not in flight");
        }
        final BlkRequest request = requests[head];
        requests[head] = null;
        if (request.in().length > 0) {
            transfer(head, 0, request.in(), false);
        }
        transfer(head, request.in().length, statusByte, false);
        request.completed(statusByte[0] & 0xff, length);
        for (int i = chainLengths[head] - 1; i >= 0; i--) {
            free[freeCount++] = chains[head][i];
        }
        inFlight--;
        return request;
    }

    /** Says that a call is wanted for the next request that comes back. Returns whether one has already. */
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

    /** Says that no calls are wanted: the ring is polled. */
    public void refuseCalls() {
        callsWanted = false;
        if (eventIndex) {
            ram.putShort(available + 4 + 2L * size, nextUsed - 1);
        } else {
            ram.putShort(available, NO_INTERRUPT);
        }
    }
}

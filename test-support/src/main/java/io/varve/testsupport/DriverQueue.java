package io.varve.testsupport;

/**
 * The driver's side of a virtqueue for block requests, in guest memory; of what kind it is, the subclass knows. One thread.
 *
 * <p>Its memory, from its base: the three areas of the ring, each beginning on a page; then an area for each descriptor, which the
 * request of the same slot uses for its indirect table and its bytes.
 */
public abstract class DriverQueue {
    /** Most descriptors of a request, be they in the ring or in an indirect table. */
    public static final int MAX_PIECES = 64;

    static final int F_NEXT = 1;
    static final int F_WRITE = 2;
    static final int F_INDIRECT = 4;
    static final int DESCRIPTOR = 16;

    private static final int PAGE = 4096;
    private static final int HEADER = 16;
    private static final int STATUS = 1;
    private static final int INDIRECT_BYTES = MAX_PIECES * DESCRIPTOR;
    private static final int GAP_BYTES = MAX_PIECES * 16;

    final GuestRam ram;
    final int size;
    final boolean indirect;
    final boolean eventIndex;
    final long descriptors;
    final long available;
    final long used;
    final long[] pieceAddresses = new long[MAX_PIECES];
    final int[] pieceLengths = new int[MAX_PIECES];
    int pieceCount;
    boolean callsWanted = true;

    private final long areas;
    private final int areaSize;
    private final int[] free;
    private int freeCount;
    private final BlkRequest[] requests;
    private final long[][] inAddresses;
    private final int[][] inLengths;
    private final int[] inCounts;
    private final Framing.Cuts cuts = new Framing.Cuts();
    private final byte[] header = new byte[HEADER];
    private final byte[] statusByte = new byte[STATUS];
    private int inFlight;
    private Runnable kick;

    /**
     * Lays a queue out.
     *
     * @param ram           where.
     * @param base          its first guest-physical address, on a page.
     * @param size          descriptors.
     * @param maxDataLength most bytes of a request's data.
     * @param indirect      whether requests use indirect tables.
     * @param eventIndex    whether both sides say what they wait for.
     */
    DriverQueue(
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
        inAddresses = new long[size][MAX_PIECES];
        inLengths = new int[size][MAX_PIECES];
        inCounts = new int[size];
    }

    /**
     * A queue of one kind or the other, empty.
     *
     * @param ram     where.
     * @param base    its first guest-physical address, on a page; {@link #memorySize} bytes from there are its own.
     * @param options its size and kind.
     */
    public static DriverQueue create(final GuestRam ram, final long base, final FrontEndOptions options) {
        final DriverQueue queue = options.packed()
                ? new PackedDriverQueue(
                        ram,
                        base,
                        options.queueSize(),
                        options.maxDataLength(),
                        options.indirect(),
                        options.eventIndex())
                : new SplitDriverQueue(
                        ram,
                        base,
                        options.queueSize(),
                        options.maxDataLength(),
                        options.indirect(),
                        options.eventIndex());
        queue.reset();
        return queue;
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

    /** Starts from the beginning: an empty ring, with all indices at 0. */
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
        resetRing(index);
    }

    abstract void resetRing(int index);

    /**
     * Where a front-end has the device begin when it was told nothing better, be it after a reset or after the back-end has died: for
     * a split ring where the used ring stands, for a packed one, like QEMU, where it began.
     */
    public abstract int startBase();

    /** Kicks go here from now on; null for nowhere. */
    public void kick(final Runnable newKick) {
        kick = newKick;
    }

    /** Number of descriptors. */
    public int size() {
        return size;
    }

    /** Guest-physical address of the descriptor table or ring. */
    public long descriptors() {
        return descriptors;
    }

    /** Guest-physical address of what the driver writes: available ring or event suppression. */
    public long available() {
        return available;
    }

    /** Guest-physical address of what the device writes: used ring or event suppression. */
    public long used() {
        return used;
    }

    /** Requests that were submitted and did not come back. */
    public int inFlight() {
        return inFlight;
    }

    /**
     * Puts a request into the ring; the device sees it after {@link #publish()}.
     *
     * @return false when there are not enough descriptors.
     */
    public boolean submit(final BlkRequest request, final Framing framing) {
        if (freeCount == 0 || !hasRoom(1)) {
            return false;
        }
        final int slot = free[freeCount - 1];
        long position = table(slot) + INDIRECT_BYTES;
        pieceCount = 0;
        encodeHeader(request);
        position = layOut(
                framing.cut(HEADER + request.out().length, HEADER, cuts), HEADER + request.out().length, position);
        final int readablePieces = pieceCount;
        layOut(
                framing.cut(request.in().length + STATUS, request.in().length, cuts),
                request.in().length + STATUS,
                position);
        if (!indirect && !hasRoom(pieceCount)) {
            return false;
        }
        final int headerLeft = copyIn(header, readablePieces, 0);
        copyIn(request.out(), readablePieces, headerLeft);
        statusByte[0] = (byte) BlkRequest.NO_STATUS;
        rememberIn(slot, readablePieces);
        transfer(slot, request.in().length, statusByte, true);
        requests[slot] = request;
        request.submitted(System.nanoTime());
        takeSlot();
        offer(slot, readablePieces);
        inFlight++;
        return true;
    }

    /** Whether there are so many free descriptors in the ring. */
    abstract boolean hasRoom(int count);

    /** Puts the pieces into the ring. */
    abstract void offer(int slot, int readablePieces);

    /** Takes the next free slot. */
    final int takeSlot() {
        return free[--freeCount];
    }

    /** Gives a slot back. */
    final void giveSlot(final int slot) {
        free[freeCount++] = slot;
    }

    /** Free slots. */
    final int freeSlots() {
        return freeCount;
    }

    /** Guest-physical address of a slot's indirect table. */
    final long table(final int slot) {
        return areas + (long) areaSize * slot;
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

    private void rememberIn(final int slot, final int readablePieces) {
        inCounts[slot] = pieceCount - readablePieces;
        System.arraycopy(pieceAddresses, readablePieces, inAddresses[slot], 0, inCounts[slot]);
        System.arraycopy(pieceLengths, readablePieces, inLengths[slot], 0, inCounts[slot]);
    }

    /** Copies bytes into or out of the writable pieces, from an offset within them. */
    private void transfer(final int slot, final int offset, final byte[] bytes, final boolean intoGuest) {
        int skip = offset;
        int done = 0;
        for (int i = 0; i < inCounts[slot] && done < bytes.length; i++) {
            final int pieceLength = inLengths[slot][i];
            if (skip >= pieceLength) {
                skip -= pieceLength;
                continue;
            }
            final int length = Math.min(pieceLength - skip, bytes.length - done);
            final long address = inAddresses[slot][i] + skip;
            if (intoGuest) {
                ram.write(address, bytes, done, length);
            } else {
                ram.read(address, bytes, done, length);
            }
            done += length;
            skip = 0;
        }
    }

    /** Lets the device see what was submitted, and kicks it if it wants that. Returns whether it was kicked. */
    public boolean publish() {
        final boolean wanted = publishRing();
        if (wanted && kick != null) {
            kick.run();
        }
        return wanted;
    }

    /** Lets the device see what was submitted; whether it wants to be kicked. */
    abstract boolean publishRing();

    /** Kicks whether the device wants it or not. */
    public void kickAnyway() {
        kick.run();
    }

    /** Takes one request that has come back, or null. */
    public abstract BlkRequest poll();

    final BlkRequest finish(final int slot, final long length) {
        if (slot < 0 || slot >= size || requests[slot] == null) {
            throw new AssertionError("element " + slot + " came back, and was not in flight");
        }
        final BlkRequest request = requests[slot];
        requests[slot] = null;
        if (request.in().length > 0) {
            transfer(slot, 0, request.in(), false);
        }
        transfer(slot, request.in().length, statusByte, false);
        request.completed(statusByte[0] & 0xff, length);
        inFlight--;
        return request;
    }

    /** Says that a call is wanted for the next request that comes back. Returns whether one has already. */
    public abstract boolean wantCalls();

    /** Says that no calls are wanted: the ring is polled. */
    public abstract void refuseCalls();
}

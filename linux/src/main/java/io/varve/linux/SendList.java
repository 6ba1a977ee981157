package io.varve.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;

/** Pieces of memory that one {@code sendmsg(2)} sends one behind the other. Made once and filled again and again; one thread at a time. */
public final class SendList {
    private static final int MSG_IOV_OFFSET = 16;
    private static final int MSG_IOVLEN_OFFSET = 24;
    private static final int MSGHDR_SIZE = 56;
    private static final int IOVEC_SIZE = 16;
    private static final int MSG_DONTWAIT = 0x40;
    private static final int MSG_NOSIGNAL = 0x4000;

    private final MemorySegment memory;
    private final long header;
    private final long entries;
    private final int capacity;
    private int count;
    private long totalLength;

    /**
     * Makes an empty list.
     *
     * @param capacity most pieces, from 1 to 1,024 (IOV_MAX).
     */
    public SendList(final int capacity) {
        if (capacity < 1 || capacity > 1024) {
            throw new IllegalArgumentException("capacity: " + capacity);
        }
        this.capacity = capacity;
        memory = Arena.ofAuto().allocate(MSGHDR_SIZE + (long) capacity * IOVEC_SIZE, Long.BYTES);
        header = memory.address();
        entries = header + MSGHDR_SIZE;
        Memory.putLong(header + MSG_IOV_OFFSET, entries);
    }

    /** Forgets all pieces. */
    public void clear() {
        count = 0;
        totalLength = 0;
    }

    /** Whether so many more pieces fit. */
    public boolean hasRoom(final int pieces) {
        return capacity - count >= pieces;
    }

    /** Appends a piece; one of no length is left out. There must be room. */
    public void add(final long address, final long length) {
        if (length == 0) {
            return;
        }
        if (!hasRoom(1)) {
            throw new IllegalStateException("the list is full");
        }
        final long entry = entries + (long) count * IOVEC_SIZE;
        Memory.putLong(entry, address);
        Memory.putLong(entry + Long.BYTES, length);
        count++;
        totalLength += length;
    }

    /** Sum of all lengths, in bytes. */
    public long totalLength() {
        return totalLength;
    }

    /** Number of pieces. */
    public int count() {
        return count;
    }

    /** Address of a piece. */
    public long address(final int index) {
        return Memory.getLong(entries + (long) index * IOVEC_SIZE);
    }

    /** Length of a piece. */
    public long length(final int index) {
        return Memory.getLong(entries + (long) index * IOVEC_SIZE + Long.BYTES);
    }

    /** Answers the bytes sent or a negated errno. */
    int send(final int fd) {
        Memory.putLong(header + MSG_IOVLEN_OFFSET, count);
        int result;
        do {
            result = (int) SocketCalls.sendmsg(fd, header, MSG_DONTWAIT | MSG_NOSIGNAL);
        } while (result == -Errno.EINTR);
        Reference.reachabilityFence(memory);
        return result;
    }
}

package io.varve.virtqueue;

import io.varve.linux.Memory;

/**
 * The front-end's bitmap of pages that the device has written, for a live migration (vhost-user.rst, "Migration"): one bit for
 * each page of guest-physical memory, set atomically, since the front-end reads and clears them at the same time.
 *
 * <p>A page is marked <em>after</em> it was written: the front-end clears the bit before it copies the page, and would else miss
 * the write. While logging is off there is no instance that anybody knows, and it costs a comparison with null. One thread.
 */
public final class DirtyLog {
    /** Bytes of memory that a bit stands for, whatever the size of the host's pages. */
    public static final int PAGE_SIZE = 4096;

    private static final int PAGE_SHIFT = 12;

    private final long address;
    private final long pages;
    private GuestMemory memory;
    private boolean hasMarked;
    private boolean hasOverflowed;

    /**
     * Wraps a bitmap.
     *
     * @param address native address; the aligned 4 bytes around each byte are mapped.
     * @param length  in bytes.
     * @param memory  finds the guest-physical addresses of native ones.
     */
    public DirtyLog(final long address, final long length, final GuestMemory memory) {
        this.address = address;
        this.pages = length * Byte.SIZE;
        this.memory = memory;
    }

    /** Goes on with another table of memory. */
    public void memory(final GuestMemory newMemory) {
        memory = newMemory;
    }

    /**
     * Marks memory by its guest-physical address. Pages that the bitmap does not reach are not marked, and the log
     * {@linkplain #hasOverflowed() has overflowed}.
     *
     * @param guestAddress unsigned.
     * @param length       in bytes; 0 marks nothing.
     */
    public void mark(final long guestAddress, final long length) {
        if (length <= 0) {
            return;
        }
        final long first = guestAddress >>> PAGE_SHIFT;
        final long last = guestAddress + (length - 1) >>> PAGE_SHIFT;
        if (last >= pages || first > last) {
            hasOverflowed = true;
            return;
        }
        for (long page = first; page <= last; page++) {
            Memory.getAndOrByte(address + (page >>> 3), (byte) (1 << (page & 7)));
        }
        hasMarked = true;
    }

    /** Marks memory by its native address, which is that of mapped guest memory, and may go on in the next region. */
    public void markNative(final long nativeAddress, final long length) {
        long position = nativeAddress;
        long remaining = length;
        while (remaining > 0) {
            final int region = memory.findNative(position);
            if (region < 0) {
                hasOverflowed = true;
                return;
            }
            final long piece = Math.min(remaining, memory.nativeEnd(region) - position);
            mark(memory.guestAddress(region, position), piece);
            position += piece;
            remaining -= piece;
        }
    }

    /** Whether something has been marked since the last call. */
    public boolean takeMarked() {
        final boolean result = hasMarked;
        hasMarked = false;
        return result;
    }

    /** Whether something was written that could not be marked: a migration would lose it. */
    public boolean hasOverflowed() {
        return hasOverflowed;
    }
}

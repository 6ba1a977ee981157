package io.varve.virtqueue;

import io.varve.linux.IoVec;

/**
 * What one element of a virtqueue brings: the memory that the device may read and, after it, the memory that it may
 * write, in native addresses. How the driver cut it into descriptors can no longer be seen: framing carries no meaning
 * (virtio 1.3, section 2.7.4.1).
 *
 * <p>A chain that breaks a rule, or uses memory that is in no region, is {@linkplain #isRefused() refused}: nothing of it may be
 * used but its last writable byte, where the driver looks for the answer. One whose last writable byte can't be found can't be
 * answered at all, and never gets out of the queue.
 *
 * <p>A scratch object, filled anew by every {@link Virtqueue#poll}. One thread; allocates only while its lists grow.
 */
public final class DescriptorChain {
    /**
     * Most descriptors of a chain, those of an indirect table included. QEMU's own devices have the same limit
     * (VIRTQUEUE_MAX_SIZE), so no guest needs more.
     */
    public static final int MAX_DESCRIPTORS = 1024;

    /**
     * Most pieces of memory of a chain: one for each descriptor, and as many again for those that go on from one region of memory into
     * the next, which is rare. Otherwise a chain could have as many as descriptors times regions.
     */
    public static final int MAX_PIECES = 2 * MAX_DESCRIPTORS;

    /** Most bytes of a chain (virtio 1.3, section 2.7.5.2: below 2^32). */
    private static final long MAX_TOTAL_LENGTH = 0xffff_ffffL;

    private final IoVec readable = new IoVec();
    private final IoVec writable = new IoVec();
    private int descriptorCount;
    private long readableLength;
    private long writableLength;
    private long lastWritable;
    private long answerAddress;
    private long unmappedAddress;
    private boolean isAnswerable;
    private boolean isRefused;
    private boolean isUnmapped;

    /** Memory that the device may read, in order. */
    public IoVec readable() {
        return readable;
    }

    /** Memory that the device may write, in order. */
    public IoVec writable() {
        return writable;
    }

    /** Bytes that the device may write, counting those that are in no region; at least 1. */
    public long writableLength() {
        return writableLength;
    }

    /** Native address of the last byte that the device may write. */
    public long answerAddress() {
        return answerAddress;
    }

    /** Whether the driver broke the rules for chains, or used memory that is in no region: what the lists hold must then not be used. */
    public boolean isRefused() {
        return isRefused;
    }

    /** Whether the chain uses memory that is in no region. Also told of one that does not get out of the queue for that. */
    public boolean isUnmapped() {
        return isUnmapped;
    }

    /** Where that memory is, as the driver sees it: the first of it that was met. */
    public long unmappedAddress() {
        return unmappedAddress;
    }

    /** Number of descriptors that were looked at, for limits on the work of one poll. */
    public int descriptorCount() {
        return descriptorCount;
    }

    void clear() {
        readable.clear();
        writable.clear();
        descriptorCount = 0;
        readableLength = 0;
        writableLength = 0;
        isAnswerable = false;
        isRefused = false;
        isUnmapped = false;
    }

    /** Something breaks a rule; the chain goes on. */
    void refuse() {
        isRefused = true;
    }

    /** Something that the driver refers to is in no region. */
    void refuseUnmapped(final long address) {
        isRefused = true;
        if (!isUnmapped) {
            isUnmapped = true;
            unmappedAddress = address;
        }
    }

    /**
     * Adds the memory of one descriptor. The chain is refused when that breaks a rule: too many descriptors or pieces, 2 GiB in one of
     * them, 4 GiB in total, memory that is in no region, or readable memory behind writable.
     *
     * @param length unsigned.
     */
    void add(final GuestMemory memory, final long address, final int length, final boolean isWritable) {
        descriptorCount++;
        if (isWritable) {
            writableLength += Integer.toUnsignedLong(length);
            if (length != 0) {
                lastWritable = address + Integer.toUnsignedLong(length) - 1;
                isAnswerable = Long.compareUnsigned(lastWritable, address) >= 0;
            }
        } else {
            readableLength += Integer.toUnsignedLong(length);
            isRefused |= writableLength > 0;
        }
        isRefused |=
                length < 0 || descriptorCount > MAX_DESCRIPTORS || readableLength + writableLength > MAX_TOTAL_LENGTH;
        if (!isRefused && !memory.translate(address, length, isWritable ? writable : readable)) {
            refuseUnmapped(address);
        }
        isRefused |= readable.count() + writable.count() > MAX_PIECES;
    }

    /**
     * The chain ends here.
     *
     * @return whether there is a last byte that the device may write, in a region.
     */
    boolean end(final GuestMemory memory) {
        if (!isAnswerable) {
            return false;
        }
        answerAddress = isRefused ? memory.translate(lastWritable, 1) : Buffers.lastByte(writable);
        if (answerAddress == GuestMemory.NOT_MAPPED) {
            refuseUnmapped(lastWritable);
            return false;
        }
        return true;
    }
}

package io.varve.virtqueue;

import io.varve.linux.IoVec;

/**
 * What one element of a virtqueue brings: the memory that the device may read and, after it, the memory that it may
 * write, in native addresses. How the driver cut it into descriptors can no longer be seen: framing carries no meaning
 * (virtio 1.3, section 2.7.4.1).
 *
 * <p>A scratch object, filled anew by every {@link Virtqueue#poll}. One thread; allocates only while its lists grow.
 */
public final class DescriptorChain {
    /**
     * Most descriptors of a chain, those of an indirect table included. QEMU's own devices have the same limit
     * (VIRTQUEUE_MAX_SIZE), so no guest needs more.
     */
    public static final int MAX_DESCRIPTORS = 1024;

    /** Most bytes of a chain (virtio 1.3, section 2.7.5.2: below 2^32). */
    private static final long MAX_TOTAL_LENGTH = 0xffff_ffffL;

    private final IoVec readable = new IoVec();
    private final IoVec writable = new IoVec();
    private int descriptorCount;
    private boolean malformed;

    /** Memory that the device may read, in order. */
    public IoVec readable() {
        return readable;
    }

    /** Memory that the device may write, in order. */
    public IoVec writable() {
        return writable;
    }

    /**
     * Whether the driver broke the rules for chains: what the lists hold must then not be used, and the element is to be
     * completed with length 0.
     */
    public boolean isMalformed() {
        return malformed;
    }

    /** Number of descriptors that were looked at, for limits on the work of one poll. */
    public int descriptorCount() {
        return descriptorCount;
    }

    void clear() {
        readable.clear();
        writable.clear();
        descriptorCount = 0;
        malformed = false;
    }

    void setMalformed() {
        malformed = true;
    }

    /**
     * Adds the memory of one descriptor.
     *
     * @param length unsigned; 2 GiB and more are refused.
     * @return false when that breaks a rule: too many descriptors, 4 GiB in total, memory that is in no region, or
     *         readable memory behind writable.
     */
    boolean add(final GuestMemory memory, final long address, final int length, final boolean deviceWritable) {
        if (++descriptorCount > MAX_DESCRIPTORS
                || length < 0
                || readable.totalLength() + writable.totalLength() + length > MAX_TOTAL_LENGTH) {
            return false;
        }
        if (deviceWritable) {
            return memory.translate(address, length, writable);
        }
        return writable.count() == 0 && memory.translate(address, length, readable);
    }
}

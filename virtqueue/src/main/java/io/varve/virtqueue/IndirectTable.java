package io.varve.virtqueue;

import io.varve.linux.Memory;
import java.lang.foreign.MemorySegment;

/** A private copy of a table of descriptors, since the guest may change its own while it is being read. Reused. */
final class IndirectTable {
    /** Bytes of a descriptor, in either kind of ring. */
    static final int DESCRIPTOR_SIZE = 16;

    private final long[] table = new long[DescriptorChain.MAX_DESCRIPTORS * 2];
    private final MemorySegment segment = MemorySegment.ofArray(table);

    /**
     * Copies a table.
     *
     * @param address guest-physical.
     * @param length  as its descriptor has it.
     * @param chain   told when the table is in no region.
     * @return number of descriptors, or 0: nothing, too much, no whole number, or in no region.
     */
    int copy(final GuestMemory memory, final long address, final int length, final DescriptorChain chain) {
        if (length <= 0
                || length % DESCRIPTOR_SIZE != 0
                || length > DescriptorChain.MAX_DESCRIPTORS * DESCRIPTOR_SIZE) {
            return 0;
        }
        if (!memory.copyOut(address, length, segment)) {
            chain.refuseUnmapped(address);
            return 0;
        }
        return length / DESCRIPTOR_SIZE;
    }

    /** Whether descriptors, from a native address on, hold nothing but zeros. */
    static boolean isBlank(final long address, final int count) {
        for (long offset = 0; offset < (long) count * DESCRIPTOR_SIZE; offset += Long.BYTES) {
            if (Memory.getLong(address + offset) != 0) {
                return false;
            }
        }
        return true;
    }

    /** The first 8 bytes of a descriptor: its address. */
    long address(final int index) {
        return table[2 * index];
    }

    /** The second 8 bytes: length and more. */
    long rest(final int index) {
        return table[2 * index + 1];
    }
}

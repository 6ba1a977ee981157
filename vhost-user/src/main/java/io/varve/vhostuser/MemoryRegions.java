package io.varve.vhostuser;

import io.varve.linux.Memory;

/**
 * Payloads that describe memory. SET_MEM_TABLE: number of regions u32, padding u32, the regions. ADD_MEM_REG and REM_MEM_REG: padding
 * u64, one region. A region: guest address, size, user address, mmap offset, u64 each.
 */
final class MemoryRegions {
    /** Most regions of SET_MEM_TABLE (VHOST_MEMORY_BASELINE_NREGIONS): each comes with a descriptor. */
    static final int MAX_REGIONS = 8;

    private static final int COUNT_FIELD_OFFSET = 0;
    private static final int HEADER_LENGTH = 8;
    private static final int REGION_LENGTH = 32;
    private static final int SIZE_FIELD_OFFSET = 8;
    private static final int USER_ADDRESS_FIELD_OFFSET = 16;
    private static final int MMAP_OFFSET_FIELD_OFFSET = 24;

    private MemoryRegions() {}

    /**
     * Memory of the front-end.
     *
     * @param guestAddress guest-physical address, unsigned.
     * @param size         in bytes, at least a page: each takes a mapping, and a piece of every transfer that crosses it.
     * @param userAddress  address in the front-end, unsigned.
     * @param mmapOffset   where the memory begins in the descriptor's file, in bytes.
     */
    record Description(long guestAddress, long size, long userAddress, long mmapOffset) {
        private void validate() throws ProtocolException {
            if (size < Memory.PAGE_SIZE
                    || mmapOffset < 0
                    || mmapOffset > Long.MAX_VALUE - size
                    || Long.compareUnsigned(guestAddress, -size) > 0
                    || Long.compareUnsigned(userAddress, -size) > 0) {
                throw new ProtocolException("there can't be " + this);
            }
        }

        /** Whether REM_MEM_REG with this description means a region: the offset does not count. */
        boolean isSameRange(final Description other) {
            return guestAddress == other.guestAddress && size == other.size && userAddress == other.userAddress;
        }

        @Override
        public String toString() {
            return "the memory region at guest address 0x" + Long.toHexString(guestAddress) + ", size 0x"
                    + Long.toHexString(size)
                    + ", user address 0x" + Long.toHexString(userAddress) + ", offset 0x"
                    + Long.toHexString(mmapOffset);
        }
    }

    /** The regions of SET_MEM_TABLE. */
    static Description[] decodeTable(final Message message) throws ProtocolException {
        if (message.size() < HEADER_LENGTH) {
            message.validateSize(HEADER_LENGTH);
        }
        final int count = Memory.getInt(message.payload() + COUNT_FIELD_OFFSET);
        if (count < 1 || count > MAX_REGIONS) {
            throw new ProtocolException("SET_MEM_TABLE has " + Integer.toUnsignedString(count) + " regions");
        }
        message.validateSize(HEADER_LENGTH + count * REGION_LENGTH);
        final Description[] regions = new Description[count];
        for (int i = 0; i < count; i++) {
            regions[i] = decode(message.payload() + HEADER_LENGTH + (long) i * REGION_LENGTH);
        }
        return regions;
    }

    /** The region of ADD_MEM_REG or REM_MEM_REG. */
    static Description decodeSingle(final Message message) throws ProtocolException {
        message.validateSize(HEADER_LENGTH + REGION_LENGTH);
        return decode(message.payload() + HEADER_LENGTH);
    }

    private static Description decode(final long address) throws ProtocolException {
        final Description region = new Description(
                Memory.getLong(address),
                Memory.getLong(address + SIZE_FIELD_OFFSET),
                Memory.getLong(address + USER_ADDRESS_FIELD_OFFSET),
                Memory.getLong(address + MMAP_OFFSET_FIELD_OFFSET));
        region.validate();
        return region;
    }
}

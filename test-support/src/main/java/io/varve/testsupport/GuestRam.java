package io.varve.testsupport;

import io.varve.linux.ErrnoException;
import io.varve.linux.Mapping;
import io.varve.linux.MemFd;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * A guest's memory: several memfds, each mapped here and handed to the back-end. Accesses are by guest-physical address
 * and may cross from one region into the next; they are checked.
 */
public final class GuestRam implements AutoCloseable {
    /** Added to a guest-physical address to make the address that the front-end claims to have it at. */
    public static final long USER_OFFSET = 0x7e12_0000_0000L;

    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final List<Region> regions = new ArrayList<>();

    /** One memfd and where the guest sees it. */
    public static final class Region {
        private final long guestAddress;
        private final long size;
        private final long fileOffset;
        private final MemFd file;
        private final Mapping mapping;
        private final MemorySegment memory;

        private Region(final long guestAddress, final long size, final long fileOffset) throws ErrnoException {
            this.guestAddress = guestAddress;
            this.size = size;
            this.fileOffset = fileOffset;
            file = MemFd.create("guest-" + Long.toHexString(guestAddress), fileOffset + size);
            mapping = Mapping.ofFile(file.fd(), fileOffset, size);
            memory = mapping.segment();
        }

        /** First guest-physical address. */
        public long guestAddress() {
            return guestAddress;
        }

        /** In bytes. */
        public long size() {
            return size;
        }

        /** Address in the front-end, as it is told to the back-end. */
        public long userAddress() {
            return guestAddress + USER_OFFSET;
        }

        /** Where the region begins in its file. */
        public long fileOffset() {
            return fileOffset;
        }

        /** The file behind it. */
        public MemFd file() {
            return file;
        }

        private boolean contains(final long address) {
            return address >= guestAddress && address - guestAddress < size;
        }
    }

    /**
     * Memory as tests like it: two regions that touch, the second not at the start of its file, and a third far off.
     *
     * @param regionSize bytes of each, whole pages.
     * @throws ErrnoException when there is none.
     */
    public static GuestRam standard(final long regionSize) throws ErrnoException {
        final GuestRam ram = new GuestRam();
        ram.add(0, regionSize, 0);
        ram.add(regionSize, regionSize, 0x3000);
        ram.add(Math.max(4L << 30, 3 * regionSize), regionSize, 0);
        return ram;
    }

    /**
     * Adds a region.
     *
     * @param guestAddress first guest-physical address.
     * @param size         in bytes.
     * @param fileOffset   where it begins in its file.
     * @throws ErrnoException when there is no memory.
     */
    public Region add(final long guestAddress, final long size, final long fileOffset) throws ErrnoException {
        final Region region = new Region(guestAddress, size, fileOffset);
        regions.add(region);
        return region;
    }

    /** All regions, in the order in which they were added. */
    public List<Region> regions() {
        return regions;
    }

    /** Forgets a region and gives its memory back. */
    public void remove(final Region region) {
        regions.remove(region);
        region.mapping.close();
        region.file.close();
    }

    /** The memory from an address to the end of its region. */
    public MemorySegment segment(final long address) {
        final Region region = find(address);
        return region.memory.asSlice(address - region.guestAddress);
    }

    private Region find(final long address) {
        for (int i = 0; i < regions.size(); i++) {
            if (regions.get(i).contains(address)) {
                return regions.get(i);
            }
        }
        throw new IndexOutOfBoundsException("guest address 0x" + Long.toHexString(address));
    }

    /** Writes bytes. */
    public void write(final long address, final byte[] source, final int index, final int length) {
        int done = 0;
        while (done < length) {
            final Region region = find(address + done);
            final long offset = address + done - region.guestAddress;
            final int piece = (int) Math.min(length - done, region.size - offset);
            MemorySegment.copy(source, index + done, region.memory, ValueLayout.JAVA_BYTE, offset, piece);
            done += piece;
        }
    }

    /** Reads bytes. */
    public void read(final long address, final byte[] target, final int index, final int length) {
        int done = 0;
        while (done < length) {
            final Region region = find(address + done);
            final long offset = address + done - region.guestAddress;
            final int piece = (int) Math.min(length - done, region.size - offset);
            MemorySegment.copy(region.memory, ValueLayout.JAVA_BYTE, offset, target, index + done, piece);
            done += piece;
        }
    }

    /** Writes a u16 that lies in one region. */
    public void putShort(final long address, final int value) {
        final Region region = find(address);
        region.memory.set(SHORT, address - region.guestAddress, (short) value);
    }

    /** Reads a u16 that lies in one region. */
    public int getShort(final long address) {
        final Region region = find(address);
        return region.memory.get(SHORT, address - region.guestAddress) & 0xffff;
    }

    /** Writes a u32 that lies in one region. */
    public void putInt(final long address, final int value) {
        final Region region = find(address);
        region.memory.set(INT, address - region.guestAddress, value);
    }

    /** Reads a u32 that lies in one region. */
    public int getInt(final long address) {
        final Region region = find(address);
        return region.memory.get(INT, address - region.guestAddress);
    }

    /** Writes a u64 that lies in one region. */
    public void putLong(final long address, final long value) {
        final Region region = find(address);
        region.memory.set(LONG, address - region.guestAddress, value);
    }

    /** Gives all memory back. */
    @Override
    public void close() {
        while (!regions.isEmpty()) {
            remove(regions.getLast());
        }
    }
}

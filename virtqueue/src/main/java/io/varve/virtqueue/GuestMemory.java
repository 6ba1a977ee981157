package io.varve.virtqueue;

import io.varve.linux.IoVec;
import io.varve.linux.Memory;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * A table of memory regions that translates addresses of another party, such as guest-physical ones, to native addresses
 * of this process.
 *
 * <p>Immutable: a changed table is a new instance, swapped whole. Every address and length given here may come from a
 * hostile guest: nothing outside the regions is ever translated, and no arithmetic wraps. Translation allocates nothing.
 * Any thread; the region that was found last, by whichever, is tried first.
 */
public final class GuestMemory {
    /** Most regions of a table, as other back-ends have it. */
    public static final int MAX_REGIONS = 509;

    /** Returned for a range that is not, or not in one piece, within the table; never a native address of anything. */
    public static final long NOT_MAPPED = -1;

    /** A table without regions, which translates nothing. */
    public static final GuestMemory EMPTY = new GuestMemory(List.of());

    /**
     * A range of addresses and where it is mapped.
     *
     * @param address       first address of the range as the other party sees it, unsigned.
     * @param size          bytes, above 0; the range ends below 2^64.
     * @param nativeAddress where the range is mapped in this process.
     */
    public record Region(long address, long size, long nativeAddress) {
        /** Checks that the range is one. */
        public Region {
            if (size <= 0 || Long.compareUnsigned(address, -size) > 0) {
                throw new IllegalArgumentException("no range of addresses: " + hex(address) + " + " + hex(size));
            }
        }

        private long last() {
            return address + (size - 1);
        }
    }

    private final long[] addresses;
    private final long[] sizes;
    private final long[] nativeAddresses;
    private int lastFound;

    /**
     * Creates a table.
     *
     * @param regions in any order.
     * @throws IllegalArgumentException when there are more than {@link #MAX_REGIONS}, or two overlap.
     */
    public GuestMemory(final List<Region> regions) {
        if (regions.size() > MAX_REGIONS) {
            throw new IllegalArgumentException(regions.size() + " memory regions, at most " + MAX_REGIONS);
        }
        final Region[] sorted = regions.toArray(Region[]::new);
        Arrays.sort(sorted, Comparator.comparing(Region::address, Long::compareUnsigned));
        for (int i = 1; i < sorted.length; i++) {
            if (Long.compareUnsigned(sorted[i].address(), sorted[i - 1].last()) <= 0) {
                throw new IllegalArgumentException("memory regions overlap at " + hex(sorted[i].address()));
            }
        }
        addresses = Arrays.stream(sorted).mapToLong(Region::address).toArray();
        sizes = Arrays.stream(sorted).mapToLong(Region::size).toArray();
        nativeAddresses = Arrays.stream(sorted).mapToLong(Region::nativeAddress).toArray();
    }

    /**
     * Translates a range that lies in one region.
     *
     * @param address unsigned.
     * @param length  in bytes, not negative.
     * @return its native address, or {@link #NOT_MAPPED}.
     */
    public long translate(final long address, final long length) {
        final int region = find(address);
        if (region < 0 || length < 0) {
            return NOT_MAPPED;
        }
        final long offset = address - addresses[region];
        return length <= sizes[region] - offset ? nativeAddresses[region] + offset : NOT_MAPPED;
    }

    /**
     * Translates a range that may go on from one region into the next, and appends its pieces to a list.
     *
     * @param address unsigned.
     * @param length  in bytes, not negative.
     * @param pieces  appended to; when the answer is false, possibly with the first part of the range.
     * @return false when part of the range is in no region.
     */
    public boolean translate(final long address, final int length, final IoVec pieces) {
        long position = address;
        int remaining = length;
        while (remaining > 0) {
            final int region = find(position);
            if (region < 0) {
                return false;
            }
            final long offset = position - addresses[region];
            final int piece = (int) Math.min(remaining, sizes[region] - offset);
            pieces.add(nativeAddresses[region] + offset, piece);
            position += piece;
            remaining -= piece;
            if (position == 0 && remaining > 0) {
                return false;
            }
        }
        return length >= 0;
    }

    /**
     * Copies a range, which may go on from one region into the next, out to private memory.
     *
     * @param address unsigned.
     * @param length  in bytes, at most the target's size.
     * @param target  filled from its start; when the answer is false, possibly in part.
     * @return false when part of the range is in no region.
     */
    public boolean copyOut(final long address, final int length, final MemorySegment target) {
        long position = address;
        int done = 0;
        while (done < length) {
            final int region = find(position);
            if (region < 0 || (position == 0 && done > 0)) {
                return false;
            }
            final long offset = position - addresses[region];
            final int piece = (int) Math.min(length - done, sizes[region] - offset);
            MemorySegment.copy(Memory.ALL, nativeAddresses[region] + offset, target, done, piece);
            position += piece;
            done += piece;
        }
        return true;
    }

    /** Which region a native address lies in, or -1. */
    int findNative(final long nativeAddress) {
        for (int i = 0; i < nativeAddresses.length; i++) {
            if (Long.compareUnsigned(nativeAddress - nativeAddresses[i], sizes[i]) < 0) {
                return i;
            }
        }
        return -1;
    }

    /** Native address behind a region. */
    long nativeEnd(final int region) {
        return nativeAddresses[region] + sizes[region];
    }

    /** What a native address within a region is in the other party's terms. */
    long guestAddress(final int region, final long nativeAddress) {
        return addresses[region] + (nativeAddress - nativeAddresses[region]);
    }

    /** Number of regions. */
    public int regionCount() {
        return addresses.length;
    }

    private int find(final long address) {
        // Read once: another thread may find another region meanwhile.
        final int last = lastFound;
        if (last < addresses.length && contains(last, address)) {
            return last;
        }
        int low = 0;
        int high = addresses.length - 1;
        while (low <= high) {
            final int middle = (low + high) >>> 1;
            if (contains(middle, address)) {
                lastFound = middle;
                return middle;
            }
            if (Long.compareUnsigned(address, addresses[middle]) < 0) {
                high = middle - 1;
            } else {
                low = middle + 1;
            }
        }
        return -1;
    }

    private boolean contains(final int region, final long address) {
        return Long.compareUnsigned(address - addresses[region], sizes[region]) < 0;
    }

    private static String hex(final long value) {
        return "0x" + Long.toHexString(value);
    }
}

package io.varve.vhostuser;

import io.varve.virtqueue.GuestMemory;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToLongFunction;

/**
 * The front-end's memory as it is mapped here, translated from guest-physical addresses (buffers) and from the
 * front-end's own (rings).
 *
 * <p>Regions that are taken out stay mapped until {@link #unmapRetired()}: first, nothing in flight may refer to them any
 * more, and the rings must have been found in what is left. A change that fails changes nothing.
 */
final class MemoryTable implements AutoCloseable {
    private record MappedRegion(MemoryRegions.Description description, SharedFile mapping) {}

    private final MappingBudget budget;

    private final List<MappedRegion> retired = new ArrayList<>();
    private List<MappedRegion> regions = List.of();
    private GuestMemory byGuestAddress = GuestMemory.EMPTY;
    private GuestMemory byUserAddress = GuestMemory.EMPTY;

    MemoryTable(final MappingBudget budget) {
        this.budget = budget;
    }

    /** Translates guest-physical addresses. A new instance after every change. */
    GuestMemory byGuestAddress() {
        return byGuestAddress;
    }

    /** Translates the front-end's addresses. A new instance after every change. */
    GuestMemory byUserAddress() {
        return byUserAddress;
    }

    /**
     * Replaces all regions.
     *
     * @param fds one for each region, still the caller's.
     * @throws ProtocolException when regions overlap, or a file does not hold its region.
     */
    void replace(final MemoryRegions.Description[] descriptions, final FrontEndFds fds) throws ProtocolException {
        final List<MappedRegion> changed = new ArrayList<>();
        try {
            for (int i = 0; i < descriptions.length; i++) {
                changed.add(map(descriptions[i], fds, i));
            }
            final List<MappedRegion> replaced = regions;
            swap(changed);
            retired.addAll(replaced);
        } catch (final ProtocolException e) {
            unmap(changed);
            throw e;
        }
    }

    /**
     * Adds a region.
     *
     * @param fds the first is the region's file; still the caller's.
     * @throws ProtocolException when it overlaps another, there are too many, or the file does not hold it.
     */
    void add(final MemoryRegions.Description description, final FrontEndFds fds) throws ProtocolException {
        final MappedRegion region = map(description, fds, 0);
        final List<MappedRegion> changed = new ArrayList<>(regions);
        changed.add(region);
        try {
            swap(changed);
        } catch (final ProtocolException e) {
            region.mapping.close();
            throw e;
        }
    }

    /**
     * Removes a region.
     *
     * @throws ProtocolException when there is no such region.
     */
    void remove(final MemoryRegions.Description description) throws ProtocolException {
        for (final MappedRegion region : regions) {
            if (region.description.isSameRange(description)) {
                final List<MappedRegion> changed = new ArrayList<>(regions);
                changed.remove(region);
                swap(changed);
                retired.add(region);
                return;
            }
        }
        throw new ProtocolException("nothing to remove: " + description);
    }

    /** Unmaps regions that were taken out. */
    void unmapRetired() {
        unmap(retired);
    }

    /** Unmaps everything. Idempotent. */
    @Override
    public void close() {
        unmapRetired();
        unmap(new ArrayList<>(regions));
        regions = List.of();
        byGuestAddress = GuestMemory.EMPTY;
        byUserAddress = GuestMemory.EMPTY;
    }

    private static void unmap(final List<MappedRegion> unmapped) {
        unmapped.forEach(region -> region.mapping.close());
        unmapped.clear();
    }

    private void swap(final List<MappedRegion> changed) throws ProtocolException {
        try {
            final GuestMemory guest = table(changed, MemoryRegions.Description::guestAddress);
            final GuestMemory user = table(changed, MemoryRegions.Description::userAddress);
            regions = changed;
            byGuestAddress = guest;
            byUserAddress = user;
        } catch (final IllegalArgumentException e) {
            throw new ProtocolException(e.getMessage(), e);
        }
    }

    private static GuestMemory table(
            final List<MappedRegion> regions, final ToLongFunction<MemoryRegions.Description> address) {
        return new GuestMemory(regions.stream()
                .map(region -> new GuestMemory.Region(
                        address.applyAsLong(region.description), region.description.size(), region.mapping.address()))
                .toList());
    }

    private MappedRegion map(final MemoryRegions.Description description, final FrontEndFds fds, final int index)
            throws ProtocolException {
        return new MappedRegion(
                description,
                SharedFile.map(fds, index, description.mmapOffset(), description.size(), description, budget));
    }
}

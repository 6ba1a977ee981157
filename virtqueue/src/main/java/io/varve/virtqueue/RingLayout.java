package io.varve.virtqueue;

/**
 * Where the three areas of a ring lie in this process (virtio 1.3, section 2.6), found to lie within mapped memory by whoever
 * makes this.
 *
 * @param memory      translates the addresses in descriptors.
 * @param descriptors native address of the descriptor area: table or ring.
 * @param driverArea  native address of what the driver writes: the available ring, or its event suppression.
 * @param deviceArea  native address of what the device writes: the used ring, or its event suppression.
 * @param log         where the ring's own writes are marked, or null.
 * @param logAddress  guest-physical address that a split ring's device area is marked under.
 */
public record RingLayout(
        GuestMemory memory, long descriptors, long driverArea, long deviceArea, DirtyLog log, long logAddress) {
    /** A layout whose writes are not marked. */
    public RingLayout(final GuestMemory memory, final long descriptors, final long driverArea, final long deviceArea) {
        this(memory, descriptors, driverArea, deviceArea, null, 0);
    }
}

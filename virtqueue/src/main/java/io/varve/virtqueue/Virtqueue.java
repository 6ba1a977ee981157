package io.varve.virtqueue;

/**
 * The device's side of one virtqueue, whatever its layout in memory (virtio 1.3, section 2.6): takes elements that the
 * driver made available, and gives them back used.
 *
 * <p>Elements are known by an id from 0 to {@link #size()}&nbsp;- 1, and no two that are in flight have the same. One thread, which is
 * the only writer of the device's part of the ring. Nothing here allocates or waits.
 *
 * <p>A driver that breaks the ring itself (an impossible index, an id that is in flight already) leaves nothing that could be completed:
 * the queue is {@linkplain #isBroken() broken} then, gives no more elements, and stays so until it is set up anew. A
 * driver that only breaks a chain gets that chain back, with an answer in its last writable byte. Where there is no such byte, or
 * it can't be found, the chain is not taken and the queue is broken too: to give it back would mean success to a driver that, like
 * Linux, does not set the byte before.
 */
public interface Virtqueue {
    /** Greatest size of a queue, as QEMU has it (VIRTQUEUE_MAX_SIZE); virtio would allow 32768. */
    int MAX_SIZE = 1024;

    /** Answer of {@link #poll}: nothing is available. */
    int EMPTY = -1;

    /** Whether a queue can have this size: any for a packed one (virtio 1.3, section 2.8.10.1), else a power of two (section 2.7). */
    static boolean isValidSize(final int size, final boolean packed) {
        return size > 0 && size <= MAX_SIZE && (packed || Integer.bitCount(size) == 1);
    }

    /** Number of elements that the queue can hold, from 1 to {@link #MAX_SIZE}. */
    int size();

    /** Goes on with the same ring at other addresses, or in other memory.
     *
     * @throws IllegalArgumentException when the ring is misaligned there; nothing has changed then.
     */
    void relocate(RingLayout layout);

    /**
     * Takes again the next of the elements that an earlier device has taken and not given back, in the order in which that one
     * took them. To be called until there is none, before the first {@link #poll}.
     *
     * @param chain as with {@link #poll}.
     * @return the element's id, or {@link #EMPTY}.
     */
    int resubmit(DescriptorChain chain);

    /** Whether {@link #resubmit} has an element to take again. */
    boolean hasLeft();

    /**
     * Takes the next available element.
     *
     * @param chain filled with its memory, unless it is {@linkplain DescriptorChain#isRefused() refused}; also tells when the answer
     *              is {@link #EMPTY} because the chain uses memory that is in no region.
     * @return the element's id, which is in flight until {@link #complete}; or {@link #EMPTY}.
     */
    int poll(DescriptorChain chain);

    /**
     * Puts an element that is in flight into the ring as used; the driver sees it after {@link #publish()}.
     *
     * @param id            as {@link #poll} gave it.
     * @param writtenLength bytes of the element's writable memory, from its start, that the driver may look at; unsigned.
     */
    void complete(int id, int writtenLength);

    /**
     * Lets the driver see everything completed so far.
     *
     * @return whether the driver wants to be called for it.
     */
    boolean publish();

    /**
     * Asks the driver to notify when it makes the next element available, and looks once more.
     *
     * @return whether something is available already: the driver will not notify for that.
     */
    boolean armNotifications();

    /** Tells the driver, as far as that can be told, that notifications are not needed for now. */
    void disarmNotifications();

    /** Number of elements in flight. */
    int inFlight();

    /** Whether there is nothing but zeros where descriptors belong: as seen from here, no driver has ever used the ring. */
    boolean isBlank();

    /** Whether the driver broke the ring. */
    boolean isBroken();

    /**
     * Where the device stands, in the form that SET_VRING_BASE and GET_VRING_BASE of vhost-user carry; for a split ring
     * the 16-bit index of the next element to be taken; for a packed one, in 15 bits and the wrap counter each, the next descriptor
     * to be taken and, in the upper half, the next one to be used.
     */
    int base();
}

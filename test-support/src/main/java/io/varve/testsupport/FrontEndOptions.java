package io.varve.testsupport;

/**
 * What a {@link FrontEnd} is like.
 *
 * @param queueCount    rings.
 * @param queueSize     descriptors of each, a power of two unless they are packed.
 * @param maxDataLength most bytes of a request's data.
 * @param indirect      whether INDIRECT_DESC is negotiated, and used.
 * @param eventIndex    whether EVENT_IDX is negotiated.
 * @param memorySlots   whether memory is handed over region by region (ADD_MEM_REG), as newer QEMUs do where they can.
 * @param inflight      whether the back-end notes what is in flight in memory that the front-end keeps (INFLIGHT_SHMFD).
 * @param packed        whether rings are packed.
 * @param refused       feature bits that are not negotiated although offered.
 */
public record FrontEndOptions(
        int queueCount,
        int queueSize,
        int maxDataLength,
        boolean indirect,
        boolean eventIndex,
        boolean memorySlots,
        boolean inflight,
        boolean packed,
        long refused) {
    /** One queue of 128, split, all features. */
    public static final FrontEndOptions DEFAULT =
            new FrontEndOptions(1, 128, 16 << 10, true, true, true, true, false, 0);

    /** The same with other queues. */
    public FrontEndOptions withQueues(final int count, final int size) {
        return new FrontEndOptions(
                count, size, maxDataLength, indirect, eventIndex, memorySlots, inflight, packed, refused);
    }

    /** The same for other requests. */
    public FrontEndOptions withMaxDataLength(final int length) {
        return new FrontEndOptions(
                queueCount, queueSize, length, indirect, eventIndex, memorySlots, inflight, packed, refused);
    }

    /** The same with or without indirect tables. */
    public FrontEndOptions withIndirect(final boolean newIndirect) {
        return new FrontEndOptions(
                queueCount, queueSize, maxDataLength, newIndirect, eventIndex, memorySlots, inflight, packed, refused);
    }

    /** The same with or without the event index. */
    public FrontEndOptions withEventIndex(final boolean newEventIndex) {
        return new FrontEndOptions(
                queueCount, queueSize, maxDataLength, indirect, newEventIndex, memorySlots, inflight, packed, refused);
    }

    /** The same with memory handed over by ADD_MEM_REG, or by SET_MEM_TABLE. */
    public FrontEndOptions withMemorySlots(final boolean newMemorySlots) {
        return new FrontEndOptions(
                queueCount, queueSize, maxDataLength, indirect, eventIndex, newMemorySlots, inflight, packed, refused);
    }

    /** The same with or without notes of what is in flight. */
    public FrontEndOptions withInflight(final boolean newInflight) {
        return new FrontEndOptions(
                queueCount, queueSize, maxDataLength, indirect, eventIndex, memorySlots, newInflight, packed, refused);
    }

    /** The same with packed or split rings. */
    public FrontEndOptions withPacked(final boolean newPacked) {
        return new FrontEndOptions(
                queueCount, queueSize, maxDataLength, indirect, eventIndex, memorySlots, inflight, newPacked, refused);
    }

    /** The same without some features. */
    public FrontEndOptions without(final long features) {
        return new FrontEndOptions(
                queueCount,
                queueSize,
                maxDataLength,
                indirect,
                eventIndex,
                memorySlots,
                inflight,
                packed,
                refused | features);
    }
}

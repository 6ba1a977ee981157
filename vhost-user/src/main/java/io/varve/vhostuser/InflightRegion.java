package io.varve.vhostuser;

import io.varve.linux.ErrnoException;
import io.varve.linux.Mapping;
import io.varve.linux.MemFd;
import io.varve.linux.Memory;
import io.varve.virtqueue.PackedInflight;
import io.varve.virtqueue.SplitInflight;
import io.varve.virtqueue.Virtqueue;

/**
 * Memory in which the rings note what is in flight: made here on GET_INFLIGHT_FD, kept by the front-end over the death of this
 * process, and handed back with SET_INFLIGHT_FD (vhost-user.rst, "Inflight I/O tracking"). Each ring has a part of its own, in
 * the order of their indices.
 *
 * <p>Each part has room for the largest ring, whatever size the front-end announces: with QEMU 10, firmware sets up larger rings than
 * that. Memory that is not touched costs nothing.
 *
 * <p>What was made here is sealed against a change of its size; what is handed over may be anything, and is checked for holding
 * what it has to hold.
 */
final class InflightRegion implements AutoCloseable {
    /** Parts begin at multiples of this, in bytes. */
    private static final int ALIGNMENT = 64;

    /** Where the notes may begin in the file: their words must be aligned. */
    private static final int OFFSET_ALIGNMENT = Long.BYTES;

    private final SharedFile mapping;
    private final int queueCount;
    private final boolean packed;

    private InflightRegion(final SharedFile mapping, final int queueCount, final boolean packed) {
        this.packed = packed;
        this.mapping = mapping;
        this.queueCount = queueCount;
    }

    /**
     * Payload of GET_INFLIGHT_FD and SET_INFLIGHT_FD: mmap size u64, mmap offset u64, number of queues u16, queue size u16, and
     * four bytes of padding that QEMU sends and expects, and the document does not have.
     *
     * @param mmapSize   bytes of the region.
     * @param mmapOffset where it begins in its file, in bytes.
     * @param queueCount rings, from 1.
     * @param queueSize  size of the rings as the front-end announces it; means nothing here.
     */
    record Description(long mmapSize, long mmapOffset, int queueCount, int queueSize) {
        static final int LENGTH = 20;
        static final int PADDED_LENGTH = 24;

        private static final int MMAP_OFFSET_FIELD_OFFSET = 8;
        private static final int QUEUE_COUNT_FIELD_OFFSET = 16;
        private static final int QUEUE_SIZE_FIELD_OFFSET = 18;

        static Description decode(final Message message, final int mostQueues, final boolean packed)
                throws ProtocolException {
            if (message.size() != LENGTH) {
                message.validateSize(PADDED_LENGTH);
            }
            final long payload = message.payload();
            final Description result = new Description(
                    Memory.getLong(payload),
                    Memory.getLong(payload + MMAP_OFFSET_FIELD_OFFSET),
                    Memory.getShort(payload + QUEUE_COUNT_FIELD_OFFSET) & 0xffff,
                    Memory.getShort(payload + QUEUE_SIZE_FIELD_OFFSET) & 0xffff);
            if (result.queueCount < 1
                    || result.queueCount > mostQueues
                    || !Virtqueue.isValidSize(result.queueSize, packed)) {
                throw new ProtocolException(FrontEndRequest.name(message.request()) + " for " + result.queueCount
                        + " rings of " + result.queueSize);
            }
            return result;
        }

        private long neededLength(final boolean packed) {
            return (long) queueCount * partLength(packed);
        }

        /** Makes a message the reply to a GET_INFLIGHT_FD. */
        private void encodeReply(final Message reply, final int length, final boolean packed) {
            reply.encodeReply(FrontEndRequest.GET_INFLIGHT_FD, length);
            Memory.zero(reply.payload(), length);
            Memory.putLong(reply.payload(), neededLength(packed));
            Memory.putShort(reply.payload() + QUEUE_COUNT_FIELD_OFFSET, (short) queueCount);
            Memory.putShort(reply.payload() + QUEUE_SIZE_FIELD_OFFSET, (short) queueSize);
        }
    }

    /**
     * Makes a region for the front-end to keep, and the reply that says so.
     *
     * @param mostQueues rings of the session.
     * @param packed     whether they are packed.
     * @return its descriptor, to be sent with the reply.
     */
    static int create(final Message message, final Message reply, final int mostQueues, final boolean packed)
            throws ProtocolException {
        final Description description = Description.decode(message, mostQueues, packed);
        try (MemFd file = MemFd.create("varve-inflight", description.neededLength(packed))) {
            file.addSeals(MemFd.F_SEAL_SHRINK | MemFd.F_SEAL_GROW | MemFd.F_SEAL_SEAL);
            description.encodeReply(reply, message.size(), packed);
            return file.release();
        } catch (final ErrnoException e) {
            throw new ProtocolException("no memory for an in-flight region: " + e.getMessage(), e);
        }
    }

    /**
     * Maps what a front-end hands over.
     *
     * @param fds        the first is the region's file; still the caller's.
     * @param mostQueues rings of the session.
     * @param packed     whether they are packed.
     * @param budget     that it is taken from.
     */
    static InflightRegion map(
            final Message message,
            final FrontEndFds fds,
            final int mostQueues,
            final boolean packed,
            final MappingBudget budget)
            throws ProtocolException {
        final Description description = Description.decode(message, mostQueues, packed);
        final long length = description.neededLength(packed);
        if (description.mmapOffset % OFFSET_ALIGNMENT != 0 || Long.compareUnsigned(description.mmapSize, length) < 0) {
            throw new ProtocolException("no in-flight region of " + length + " bytes: " + description);
        }
        return new InflightRegion(
                SharedFile.map(fds, 0, description.mmapOffset, length, "the in-flight region " + description, budget),
                description.queueCount,
                packed);
    }

    private static int partLength(final boolean packed) {
        final int length =
                packed ? PackedInflight.length(Virtqueue.MAX_SIZE) : SplitInflight.length(Virtqueue.MAX_SIZE);
        return (int) Mapping.alignUp(length, ALIGNMENT);
    }

    /** The notes of a split ring. */
    SplitInflight split(final int index, final int ringSize) throws ProtocolException {
        return new SplitInflight(part(index, false), ringSize);
    }

    /** The notes of a packed ring. */
    PackedInflight packed(final int index, final int ringSize) throws ProtocolException {
        return new PackedInflight(part(index, true), ringSize);
    }

    private long part(final int index, final boolean packedRing) throws ProtocolException {
        if (index >= queueCount || packed != packedRing) {
            throw new ProtocolException("in-flight region of " + queueCount + (packed ? " packed" : " split")
                    + " rings has no ring " + index + (packedRing ? ", packed" : ", split"));
        }
        return mapping.address() + (long) index * partLength(packed);
    }

    /** Forgets everything: the next start of a ring begins new notes. For a reset of the device. */
    void clear() {
        Memory.zero(mapping.address(), mapping.length());
    }

    @Override
    public void close() {
        mapping.close();
    }
}

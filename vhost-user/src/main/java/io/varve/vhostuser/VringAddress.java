package io.varve.vhostuser;

import io.varve.linux.Memory;
import io.varve.virtqueue.SplitVirtqueue;

/**
 * Payload of SET_VRING_ADDR: index u32, flags u32, then the addresses, u64 each, of descriptor table, used ring, available
 * ring and log. All but the last are addresses of the front-end's own; the log's is guest-physical.
 *
 * @param index           which ring.
 * @param flags           {@link #FLAG_LOG} or 0.
 * @param descriptors     address of the descriptor table.
 * @param used            address of the used ring.
 * @param available       address of the available ring.
 * @param logGuestAddress where writes to the used ring are to be logged.
 */
record VringAddress(int index, int flags, long descriptors, long used, long available, long logGuestAddress) {
    /** Bytes of the payload. */
    static final int LENGTH = 40;

    /** Flag VHOST_VRING_F_LOG: writes to the used ring are to be logged. */
    static final int FLAG_LOG = 1;

    private static final int INDEX_FIELD_OFFSET = 0;
    private static final int FLAGS_FIELD_OFFSET = 4;
    private static final int DESCRIPTORS_FIELD_OFFSET = 8;
    private static final int USED_FIELD_OFFSET = 16;
    private static final int AVAILABLE_FIELD_OFFSET = 24;
    private static final int LOG_FIELD_OFFSET = 32;

    static VringAddress decode(final Message message) throws ProtocolException {
        message.validateSize(LENGTH);
        final long payload = message.payload();
        final VringAddress result = new VringAddress(
                Memory.getInt(payload + INDEX_FIELD_OFFSET),
                Memory.getInt(payload + FLAGS_FIELD_OFFSET),
                Memory.getLong(payload + DESCRIPTORS_FIELD_OFFSET),
                Memory.getLong(payload + USED_FIELD_OFFSET),
                Memory.getLong(payload + AVAILABLE_FIELD_OFFSET),
                Memory.getLong(payload + LOG_FIELD_OFFSET));
        result.validate();
        return result;
    }

    boolean isLogged() {
        return (flags & FLAG_LOG) != 0;
    }

    private void validate() throws ProtocolException {
        if ((flags & ~FLAG_LOG) != 0) {
            throw new ProtocolException("SET_VRING_ADDR has flags 0x" + Integer.toHexString(flags));
        }
        if (descriptors % SplitVirtqueue.DESCRIPTOR_ALIGNMENT != 0
                || available % SplitVirtqueue.AVAILABLE_ALIGNMENT != 0
                || used % SplitVirtqueue.USED_ALIGNMENT != 0) {
            throw new ProtocolException("SET_VRING_ADDR of ring " + index + " is misaligned");
        }
    }
}

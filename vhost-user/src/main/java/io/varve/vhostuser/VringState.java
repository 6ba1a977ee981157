package io.varve.vhostuser;

import io.varve.linux.Memory;

/** Payload of SET_VRING_NUM, SET_VRING_BASE, GET_VRING_BASE and SET_VRING_ENABLE: index u32, num u32. */
final class VringState {
    /** Bytes of the payload. */
    static final int LENGTH = 8;

    private static final int INDEX_FIELD_OFFSET = 0;
    private static final int NUM_FIELD_OFFSET = 4;

    private VringState() {}

    /** Which ring. */
    static int index(final Message message) throws ProtocolException {
        message.validateSize(LENGTH);
        return Memory.getInt(message.payload() + INDEX_FIELD_OFFSET);
    }

    /** Size, base, or whether to enable. */
    static int num(final Message message) throws ProtocolException {
        message.validateSize(LENGTH);
        return Memory.getInt(message.payload() + NUM_FIELD_OFFSET);
    }

    /** Makes a message the reply to GET_VRING_BASE. */
    static void encodeReply(final Message message, final int index, final int num) {
        message.encodeReply(FrontEndRequest.GET_VRING_BASE, LENGTH);
        Memory.putInt(message.payload() + INDEX_FIELD_OFFSET, index);
        Memory.putInt(message.payload() + NUM_FIELD_OFFSET, num);
    }
}

package io.varve.vhostuser;

import io.varve.linux.Memory;

/** Payload of GET_CONFIG and SET_CONFIG: offset u32, size u32, flags u32, then {@code size} bytes of the config space. */
final class ConfigSpace {
    /** Bytes before the contents. */
    static final int HEADER_LENGTH = 12;

    /** Most bytes that can be read or written at one time, and bytes of the config space (VHOST_USER_MAX_CONFIG_SIZE). */
    static final int MAX_SIZE = 256;

    /** Flags of SET_CONFIG: the driver writes. */
    static final int FLAGS_FRONT_END = 0;

    /** Flags of SET_CONFIG: a migration sets what the source had. */
    static final int FLAGS_MIGRATION = 1;

    private static final int OFFSET_FIELD_OFFSET = 0;
    private static final int SIZE_FIELD_OFFSET = 4;
    private static final int FLAGS_FIELD_OFFSET = 8;

    private ConfigSpace() {}

    /** Where the part begins that is meant, in bytes; unsigned. */
    static int offset(final Message message) {
        return Memory.getInt(message.payload() + OFFSET_FIELD_OFFSET);
    }

    /** Bytes of the part that is meant, from 0 to {@link #MAX_SIZE}. */
    static int size(final Message message) {
        return Memory.getInt(message.payload() + SIZE_FIELD_OFFSET);
    }

    /** {@link #FLAGS_FRONT_END} or {@link #FLAGS_MIGRATION}, or something unknown. */
    static int flags(final Message message) {
        return Memory.getInt(message.payload() + FLAGS_FIELD_OFFSET);
    }

    /** Where the contents begin. */
    static long contents(final Message message) {
        return message.payload() + HEADER_LENGTH;
    }

    /** Checks GET_CONFIG: the contents, which say nothing, may be left out. */
    static void validateGet(final Message message) throws ProtocolException {
        validateHeader(message);
        if (message.size() != HEADER_LENGTH) {
            message.validateSize(HEADER_LENGTH + size(message));
        }
    }

    /** Checks SET_CONFIG. */
    static void validateSet(final Message message) throws ProtocolException {
        validateHeader(message);
        message.validateSize(HEADER_LENGTH + size(message));
    }

    private static void validateHeader(final Message message) throws ProtocolException {
        if (message.size() < HEADER_LENGTH) {
            message.validateSize(HEADER_LENGTH);
        }
        if (Integer.compareUnsigned(size(message), MAX_SIZE) > 0) {
            throw new ProtocolException(FrontEndRequest.name(message.request()) + " of "
                    + Integer.toUnsignedString(size(message)) + " bytes");
        }
    }

    /**
     * Makes a message the reply to a GET_CONFIG, with as much as was asked for.
     *
     * @param reply         written.
     * @param request       what is answered.
     * @param config        native address of the config space.
     * @param configLength  its length; zeros follow.
     */
    static void encodeReply(final Message reply, final Message request, final long config, final int configLength) {
        final int offset = offset(request);
        final int size = size(request);
        reply.encodeReply(FrontEndRequest.GET_CONFIG, HEADER_LENGTH + size);
        Memory.copy(request.payload(), reply.payload(), HEADER_LENGTH);
        if (size == 0) {
            return;
        }
        Memory.zero(contents(reply), size);
        if (Integer.compareUnsigned(offset, configLength) < 0) {
            Memory.copy(config + offset, contents(reply), Math.min(size, configLength - offset));
        }
    }
}

package io.varve.vhostuser;

import io.varve.linux.Memory;

/**
 * Flyweight over a message: a header of three u32, little-endian, and the payload (vhost-user.rst, "Message
 * specification").
 */
final class Message {
    /** Bytes of the header. */
    static final int HEADER_LENGTH = 12;

    /** Offset of the request's id, u32. */
    static final int REQUEST_FIELD_OFFSET = 0;

    /** Offset of the flags, u32. */
    static final int FLAGS_FIELD_OFFSET = 4;

    /** Offset of the payload's size, u32. */
    static final int SIZE_FIELD_OFFSET = 8;

    /** Flags: the bits that hold the version. */
    static final int VERSION_MASK = 0x3;

    /** Flags: the only version there is. */
    static final int VERSION = 0x1;

    /** Flags: this is a reply. */
    static final int FLAG_REPLY = 0x4;

    /** Flags: the sender wants an answer (REPLY_ACK). */
    static final int FLAG_NEED_REPLY = 0x8;

    /**
     * Longest payload that any message may have: that of GET_CONFIG and SET_CONFIG; SET_MEM_TABLE with all its regions is
     * four bytes shorter.
     */
    static final int MAX_PAYLOAD_LENGTH = ConfigSpace.HEADER_LENGTH + ConfigSpace.MAX_SIZE;

    /** Longest message. */
    static final int MAX_LENGTH = HEADER_LENGTH + MAX_PAYLOAD_LENGTH;

    private final long address;

    /**
     * Wraps memory.
     *
     * @param address native address of {@link #MAX_LENGTH} bytes.
     */
    Message(final long address) {
        this.address = address;
    }

    /** Where the message begins. */
    long address() {
        return address;
    }

    /** Where the payload begins. */
    long payload() {
        return address + HEADER_LENGTH;
    }

    /** One of {@link FrontEndRequest}, or anything else. */
    int request() {
        return Memory.getInt(address + REQUEST_FIELD_OFFSET);
    }

    /** Bytes of the payload. */
    int size() {
        return Memory.getInt(address + SIZE_FIELD_OFFSET);
    }

    /** Bytes of header and payload. */
    int length() {
        return HEADER_LENGTH + size();
    }

    /** Whether the sender wants an answer. */
    boolean needsReply() {
        return (flags() & FLAG_NEED_REPLY) != 0;
    }

    private int flags() {
        return Memory.getInt(address + FLAGS_FIELD_OFFSET);
    }

    /** Checks the header of a message from a front-end; to be called before the payload is read from the socket. */
    void validateHeader() throws ProtocolException {
        if ((flags() & VERSION_MASK) != VERSION || (flags() & FLAG_REPLY) != 0) {
            throw new ProtocolException(
                    FrontEndRequest.name(request()) + " has flags 0x" + Integer.toHexString(flags()));
        }
        if (Integer.compareUnsigned(size(), MAX_PAYLOAD_LENGTH) > 0) {
            throw new ProtocolException(FrontEndRequest.name(request()) + " has a payload of "
                    + Integer.toUnsignedString(size()) + " bytes");
        }
    }

    /** Checks that the payload has the one size that it can have. */
    void validateSize(final int expected) throws ProtocolException {
        if (size() != expected) {
            throw new ProtocolException(
                    FrontEndRequest.name(request()) + " has a payload of " + size() + " bytes, not " + expected);
        }
    }

    /** The payload of a message that carries a u64. */
    long u64() throws ProtocolException {
        validateSize(Long.BYTES);
        return Memory.getLong(payload());
    }

    /** Makes this a message of the back-end's own, without payload, that wants no answer. */
    void encodeRequest(final int request) {
        encodeReply(request, 0);
        Memory.putInt(address + FLAGS_FIELD_OFFSET, VERSION);
    }

    /** Makes this the header of a reply. QEMU accepts these flags and no others. */
    void encodeReply(final int request, final int size) {
        Memory.putInt(address + REQUEST_FIELD_OFFSET, request);
        Memory.putInt(address + FLAGS_FIELD_OFFSET, VERSION | FLAG_REPLY);
        Memory.putInt(address + SIZE_FIELD_OFFSET, size);
    }

    /** Makes this a reply that carries a u64. */
    void encodeReplyU64(final int request, final long value) {
        encodeReply(request, Long.BYTES);
        Memory.putLong(payload(), value);
    }
}

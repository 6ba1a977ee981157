package io.varve.hostdisks;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * A message of generic netlink as it is sent: a header (linux/netlink.h), the command (linux/genetlink.h), and attributes. All numbers
 * are in the machine's order, which is little-endian on every machine that Varve runs on.
 */
final class NetlinkMessage {
    /** Bytes in front of the attributes: nlmsghdr and genlmsghdr. */
    static final int HEADER_SIZE = 20;

    /** Bytes in front of the value of an attribute: nlattr. */
    static final int ATTRIBUTE_SIZE = 4;

    private static final int CAPACITY = 4096;
    private static final int REQUEST_AND_ACK = 1 | 4;
    private static final int ALIGNMENT = 4;
    private static final int NESTED = 0x8000;

    private final ByteBuffer buffer = ByteBuffer.allocate(CAPACITY).order(ByteOrder.LITTLE_ENDIAN);

    /**
     * Begins a message that is answered at least by an acknowledgement.
     *
     * @param family   whom it goes to.
     * @param command  of the family.
     * @param version  of the family.
     * @param sequence comes back with each answer.
     */
    NetlinkMessage(final int family, final int command, final int version, final int sequence) {
        buffer.putInt(0)
                .putShort((short) family)
                .putShort((short) REQUEST_AND_ACK)
                .putInt(sequence)
                .putInt(0)
                .put((byte) command)
                .put((byte) version)
                .putShort((short) 0);
    }

    NetlinkMessage putInt(final int attribute, final int value) {
        final int start = begin(attribute);
        buffer.putInt(value);
        return end(start);
    }

    NetlinkMessage putLong(final int attribute, final long value) {
        final int start = begin(attribute);
        buffer.putLong(value);
        return end(start);
    }

    /** A text, with a 0 behind it. */
    NetlinkMessage putText(final int attribute, final String value) {
        final int start = begin(attribute);
        buffer.put(value.getBytes(StandardCharsets.UTF_8)).put((byte) 0);
        return end(start);
    }

    /** Begins an attribute that holds others, up to {@link #end}; answers where it begins. */
    int beginNested(final int attribute) {
        return begin(attribute | NESTED);
    }

    /** Ends what began there. */
    NetlinkMessage end(final int start) {
        buffer.putShort(start, (short) (buffer.position() - start));
        while (buffer.position() % ALIGNMENT != 0) {
            buffer.put((byte) 0);
        }
        return this;
    }

    private int begin(final int attribute) {
        final int start = buffer.position();
        buffer.putShort((short) 0).putShort((short) attribute);
        return start;
    }

    /** The message as it is now. */
    byte[] bytes() {
        buffer.putInt(0, buffer.position());
        final byte[] bytes = new byte[buffer.position()];
        buffer.get(0, bytes);
        return bytes;
    }
}

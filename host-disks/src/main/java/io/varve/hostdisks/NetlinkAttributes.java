package io.varve.hostdisks;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Attributes as they are received, of a message or of one of its attributes. Whatever is cut short is left out. */
final class NetlinkAttributes {
    private static final int TYPE_MASK = 0x3fff;

    private record Attribute(int type, ByteBuffer value) {}

    private final List<Attribute> attributes = new ArrayList<>();

    /** Reads what lies between position and limit. */
    NetlinkAttributes(final ByteBuffer bytes) {
        final ByteBuffer rest = bytes.slice().order(ByteOrder.LITTLE_ENDIAN);
        while (rest.remaining() >= NetlinkMessage.ATTRIBUTE_SIZE) {
            final int length = Short.toUnsignedInt(rest.getShort(rest.position()));
            final int type = rest.getShort(rest.position() + 2) & TYPE_MASK;
            if (length < NetlinkMessage.ATTRIBUTE_SIZE || length > rest.remaining()) {
                return;
            }
            final ByteBuffer value = rest.slice(
                            rest.position() + NetlinkMessage.ATTRIBUTE_SIZE, length - NetlinkMessage.ATTRIBUTE_SIZE)
                    .order(ByteOrder.LITTLE_ENDIAN);
            attributes.add(new Attribute(type, value));
            rest.position(Math.min(rest.limit(), rest.position() + (length + 3) / 4 * 4));
        }
    }

    /** A number of 2 or 4 bytes; -1 when it is not there. */
    int number(final int type) {
        final ByteBuffer value = find(type);
        if (value == null || value.remaining() < Short.BYTES) {
            return -1;
        }
        return value.remaining() < Integer.BYTES ? Short.toUnsignedInt(value.getShort(0)) : value.getInt(0);
    }

    /** A text without the 0 behind it; null when it is not there. */
    String text(final int type) {
        final ByteBuffer value = find(type);
        return value == null
                ? null
                : StandardCharsets.UTF_8.decode(value.duplicate()).toString().replaceAll("\0.*", "");
    }

    private ByteBuffer find(final int type) {
        return attributes.stream()
                .filter(attribute -> attribute.type == type)
                .map(Attribute::value)
                .findFirst()
                .orElse(null);
    }
}

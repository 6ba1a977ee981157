package io.varve.nbd;

import io.varve.linux.Memory;
import java.nio.charset.StandardCharsets;

/** Numbers of the wire, which has the most significant byte first, in raw memory that is known to be there. */
final class Wire {
    private Wire() {}

    static int getShort(final long address) {
        return Short.toUnsignedInt(Short.reverseBytes(Memory.getShort(address)));
    }

    static int getInt(final long address) {
        return Integer.reverseBytes(Memory.getInt(address));
    }

    static long getLong(final long address) {
        return Long.reverseBytes(Memory.getLong(address));
    }

    static void putShort(final long address, final int value) {
        Memory.putShort(address, Short.reverseBytes((short) value));
    }

    static void putInt(final long address, final int value) {
        Memory.putInt(address, Integer.reverseBytes(value));
    }

    static void putLong(final long address, final long value) {
        Memory.putLong(address, Long.reverseBytes(value));
    }

    /** What is no UTF-8 becomes something that names nothing. */
    static String getString(final long address, final int length) {
        final byte[] bytes = new byte[length];
        Memory.copy(address, bytes, 0, length);
        return new String(bytes, StandardCharsets.UTF_8);
    }
}

package io.varve.lsvd.format;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.UUID;

/** Little-endian access to fields of any alignment. */
final class Layouts {
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private Layouts() {}

    static int getShort(final MemorySegment segment, final long offset) {
        return segment.get(SHORT, offset) & 0xffff;
    }

    static void putByte(final MemorySegment segment, final long offset, final byte value) {
        segment.set(ValueLayout.JAVA_BYTE, offset, value);
    }

    static byte getByte(final MemorySegment segment, final long offset) {
        return segment.get(ValueLayout.JAVA_BYTE, offset);
    }

    static void putShort(final MemorySegment segment, final long offset, final int value) {
        segment.set(SHORT, offset, (short) value);
    }

    static int getInt(final MemorySegment segment, final long offset) {
        return segment.get(INT, offset);
    }

    static void putInt(final MemorySegment segment, final long offset, final int value) {
        segment.set(INT, offset, value);
    }

    static long getLong(final MemorySegment segment, final long offset) {
        return segment.get(LONG, offset);
    }

    static void putLong(final MemorySegment segment, final long offset, final long value) {
        segment.set(LONG, offset, value);
    }

    static UUID getUuid(final MemorySegment segment, final long offset) {
        return new UUID(getLong(segment, offset), getLong(segment, offset + Long.BYTES));
    }

    static void putUuid(final MemorySegment segment, final long offset, final UUID value) {
        putLong(segment, offset, value.getMostSignificantBits());
        putLong(segment, offset + Long.BYTES, value.getLeastSignificantBits());
    }
}

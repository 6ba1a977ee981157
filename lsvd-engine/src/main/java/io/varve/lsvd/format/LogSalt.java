package io.varve.lsvd.format;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** What the key of an encrypted local log is derived with: 32 random bytes, as four numbers. */
public record LogSalt(long first, long second, long third, long fourth) {
    /** Of a log that is not encrypted. */
    public static final LogSalt NONE = new LogSalt(0, 0, 0, 0);

    /** Length in bytes. */
    public static final int LENGTH = 4 * Long.BYTES;

    /** The salt of so many bytes. */
    public static LogSalt of(final byte[] bytes) {
        return decode(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN));
    }

    /** The bytes. */
    public byte[] bytes() {
        final ByteBuffer bytes = ByteBuffer.allocate(LENGTH).order(ByteOrder.LITTLE_ENDIAN);
        encode(bytes);
        return bytes.array();
    }

    /** Whether the log is encrypted. */
    public boolean isKnown() {
        return !equals(NONE);
    }

    void encode(final ByteBuffer payload) {
        payload.putLong(first).putLong(second).putLong(third).putLong(fourth);
    }

    static LogSalt decode(final ByteBuffer payload) {
        return new LogSalt(payload.getLong(), payload.getLong(), payload.getLong(), payload.getLong());
    }
}

package io.varve.lsvd.format;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.UUID;
import java.util.zip.CRC32C;

/**
 * The frame of records that are read and written whole; most are small.
 *
 * <pre>
 *  0  u32  magic of the record's kind
 *  4  u16  version
 *  6  u16  zero
 *  8  u32  CRC32C of all {@code length} bytes, this field counting as zero
 * 12  u32  length in bytes, this frame included
 * 16  payload; strings as u16 length and UTF-8
 * </pre>
 */
final class SmallRecord {
    /** Greatest length of a record in bytes. */
    static final int MAX_LENGTH = 4096;

    private static final int FRAME_LENGTH = 16;
    private static final int CRC_OFFSET = 8;

    private SmallRecord() {}

    /** Reads the fields of a payload. That the payload is too short for them is no concern of its own. */
    @FunctionalInterface
    interface Fields<T> {
        T read(ByteBuffer payload) throws FormatException;
    }

    /** A buffer for a payload. */
    static ByteBuffer payload() {
        return payload(MAX_LENGTH);
    }

    /** A buffer for the payload of a record of a length, the frame included. */
    static ByteBuffer payload(final int length) {
        return ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN).position(FRAME_LENGTH);
    }

    /** Frames a payload in native memory of the automatic arena. */
    static MemorySegment frame(final int magic, final int version, final ByteBuffer payload) {
        final int length = payload.position();
        payload.putInt(0, magic)
                .putShort(4, (short) version)
                .putInt(CRC_OFFSET, 0)
                .putInt(12, length);
        payload.flip();
        final CRC32C crc = new CRC32C();
        crc.update(payload.duplicate());
        payload.putInt(CRC_OFFSET, (int) crc.getValue());
        final MemorySegment record = Arena.ofAuto().allocate(length);
        record.copyFrom(MemorySegment.ofBuffer(payload));
        return record;
    }

    /**
     * Checks a frame and reads its payload, of which nothing may be missing or left.
     *
     * @param what   names the record in messages.
     * @param fields reads the payload's fields, in their order.
     * @throws FormatException when it is damaged or of an unknown kind or version.
     */
    static <T> T read(
            final String what,
            final MemorySegment record,
            final int magic,
            final int version,
            final int maxLength,
            final Fields<T> fields)
            throws FormatException {
        final ByteBuffer payload = open(what, record, magic, version, maxLength);
        final T value;
        try {
            value = fields.read(payload);
        } catch (final BufferUnderflowException e) {
            throw new FormatException(what + " is damaged: it is too short");
        }
        if (payload.hasRemaining()) {
            throw new FormatException(what + " is damaged: it is too long");
        }
        return value;
    }

    /** As {@link #read(String, MemorySegment, int, int, int, Fields)}, for records of the usual length. */
    static <T> T read(
            final String what, final MemorySegment record, final int magic, final int version, final Fields<T> fields)
            throws FormatException {
        return read(what, record, magic, version, MAX_LENGTH, fields);
    }

    private static ByteBuffer open(
            final String what, final MemorySegment record, final int magic, final int version, final int maxLength)
            throws FormatException {
        final ByteBuffer copy = ByteBuffer.allocate((int) Math.min(record.byteSize(), maxLength))
                .order(ByteOrder.LITTLE_ENDIAN);
        MemorySegment.ofBuffer(copy).copyFrom(record.asSlice(0, copy.capacity()));
        if (copy.capacity() < FRAME_LENGTH || copy.getInt(0) != magic) {
            throw new FormatException(what + " is not what it should be: wrong magic");
        }
        final int found = copy.getShort(4) & 0xffff;
        if (found != version) {
            throw new FormatException(what + " is of format " + found + ", which this version does not know");
        }
        final int length = copy.getInt(12);
        if (length < FRAME_LENGTH || length > copy.capacity()) {
            throw new FormatException(what + " is damaged: wrong length");
        }
        final int expected = copy.getInt(CRC_OFFSET);
        copy.putInt(CRC_OFFSET, 0).limit(length);
        final CRC32C crc = new CRC32C();
        crc.update(copy.duplicate());
        if ((int) crc.getValue() != expected) {
            throw new FormatException(what + " is damaged: its checksum does not match");
        }
        return copy.position(FRAME_LENGTH);
    }

    static void putUuid(final ByteBuffer payload, final UUID value) {
        payload.putLong(value.getMostSignificantBits()).putLong(value.getLeastSignificantBits());
    }

    static UUID getUuid(final ByteBuffer payload) {
        final long high = payload.getLong();
        return new UUID(high, payload.getLong());
    }

    static void putString(final ByteBuffer payload, final String value) {
        final byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
        payload.putShort((short) bytes.length).put(bytes);
    }

    /** Bytes that a text takes, without its length. */
    static int lengthOf(final String value) {
        return value.getBytes(StandardCharsets.UTF_8).length;
    }

    static String getString(final String what, final ByteBuffer payload) throws FormatException {
        return getText(what, payload, payload.getShort() & 0xffff);
    }

    /** Reads a text of so many bytes. */
    static String getText(final String what, final ByteBuffer payload, final int length) throws FormatException {
        if (length < 0 || length > payload.remaining()) {
            throw new BufferUnderflowException();
        }
        final ByteBuffer bytes = payload.slice(payload.position(), length);
        payload.position(payload.position() + length);
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
        } catch (final CharacterCodingException e) {
            throw new FormatException(what + " is damaged: a text in it is not UTF-8");
        }
    }

    static void putBoolean(final ByteBuffer payload, final boolean value) {
        payload.put((byte) (value ? 1 : 0));
    }

    static boolean getBoolean(final String what, final ByteBuffer payload) throws FormatException {
        final byte value = payload.get();
        if (value != 0 && value != 1) {
            throw new FormatException(what + " is damaged: " + value + " is neither yes nor no");
        }
        return value == 1;
    }
}

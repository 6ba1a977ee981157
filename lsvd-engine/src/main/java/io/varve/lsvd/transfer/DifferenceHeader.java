package io.varve.lsvd.transfer;

import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.format.Checksum;
import io.varve.lsvd.format.FormatException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.UUID;

/**
 * The beginning of a difference in a file or pipe (docs/export.md).
 *
 * @param volume           of which both states are.
 * @param olderBytes       size of the disk in the older state.
 * @param newerBytes       size of the disk in the newer state.
 * @param olderFingerprint {@link Fingerprint} of the older state.
 * @param newerFingerprint that of the newer.
 * @param dataBlocks       how many blocks of data there are.
 * @param discardedBlocks  how many blocks are discarded.
 * @param createdMs        when it was made, in milliseconds since 1970; for people.
 * @param older            name of the older state, for people.
 * @param newer            name of the newer.
 */
public record DifferenceHeader(
        UUID volume,
        long olderBytes,
        long newerBytes,
        long olderFingerprint,
        long newerFingerprint,
        long dataBlocks,
        long discardedBlocks,
        long createdMs,
        String older,
        String newer) {
    /** Length in bytes. */
    public static final int LENGTH = 4096;

    private static final int MAGIC = 0x44565256;
    private static final int VERSION = 1;
    private static final int CRC_OFFSET = 8;
    private static final int MAX_NAME = 1024;

    /** The header's bytes, in memory of the automatic arena. */
    public MemorySegment encode() {
        final MemorySegment segment = Arena.ofAuto().allocate(LENGTH, Long.BYTES);
        final ByteBuffer buffer = segment.asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
        buffer.putInt(MAGIC)
                .putShort((short) VERSION)
                .putShort((short) 0)
                .putInt(0)
                .putInt(LENGTH);
        buffer.putLong(volume.getMostSignificantBits()).putLong(volume.getLeastSignificantBits());
        buffer.putLong(olderBytes).putLong(newerBytes);
        buffer.putLong(olderFingerprint).putLong(newerFingerprint);
        buffer.putLong(dataBlocks).putLong(discardedBlocks).putLong(createdMs);
        putName(buffer, older);
        putName(buffer, newer);
        buffer.putInt(CRC_OFFSET, new Checksum(segment).ofAllBut(0, LENGTH, CRC_OFFSET));
        return segment;
    }

    /**
     * Reads a header.
     *
     * @param segment of {@link #LENGTH} bytes, or fewer where the input ended.
     * @throws FormatException when it is damaged, of an unknown version, or something else.
     */
    public static DifferenceHeader decode(final MemorySegment segment) throws FormatException {
        final ByteBuffer buffer = segment.asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
        if (buffer.limit() < LENGTH || buffer.getInt(0) != MAGIC) {
            throw new FormatException("it is not a difference of volumes");
        }
        final int version = Short.toUnsignedInt(buffer.getShort(Integer.BYTES));
        if (version != VERSION) {
            throw new FormatException("it is of format " + version + ", which this version does not know");
        }
        if (new Checksum(segment).ofAllBut(0, LENGTH, CRC_OFFSET) != buffer.getInt(CRC_OFFSET)) {
            throw new FormatException("it is damaged: its header's checksum does not match");
        }
        final DifferenceHeader header = read(buffer);
        if (!header.isPossible() || header.encode().mismatch(segment) != -1) {
            throw new FormatException("it is damaged: its header does not add up");
        }
        return header;
    }

    /** Whether sizes are those of volumes, and no more has changed than there is; names not too long. */
    private boolean isPossible() {
        return isSize(olderBytes)
                && isSize(newerBytes)
                && dataBlocks >= 0
                && dataBlocks <= Blocks.count(newerBytes)
                && discardedBlocks >= 0
                && discardedBlocks <= Blocks.count(newerBytes)
                && older.getBytes(StandardCharsets.UTF_8).length <= MAX_NAME
                && newer.getBytes(StandardCharsets.UTF_8).length <= MAX_NAME;
    }

    private static boolean isSize(final long bytes) {
        return bytes >= 0 && bytes <= Blocks.MAX_VOLUME_SIZE;
    }

    private static DifferenceHeader read(final ByteBuffer buffer) throws FormatException {
        buffer.position(CRC_OFFSET + 2 * Integer.BYTES);
        try {
            return new DifferenceHeader(
                    new UUID(buffer.getLong(), buffer.getLong()),
                    buffer.getLong(),
                    buffer.getLong(),
                    buffer.getLong(),
                    buffer.getLong(),
                    buffer.getLong(),
                    buffer.getLong(),
                    buffer.getLong(),
                    getName(buffer),
                    getName(buffer));
        } catch (final BufferUnderflowException e) {
            throw new FormatException("it is damaged: its header does not add up");
        }
    }

    private static void putName(final ByteBuffer buffer, final String name) {
        final byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        if (bytes.length > MAX_NAME) {
            throw new IllegalArgumentException("name too long: " + name);
        }
        buffer.putShort((short) bytes.length).put(bytes);
    }

    private static String getName(final ByteBuffer buffer) {
        final byte[] bytes = new byte[Short.toUnsignedInt(buffer.getShort())];
        buffer.get(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }
}

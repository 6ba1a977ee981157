package io.varve.lsvd.transfer;

import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.format.Checksum;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Flyweight over the header of a record of a difference; behind that of {@link #DATA} stand the data blocks.
 *
 * <pre>
 *  0  u32  magic "VRVC"
 *  4  u32  CRC32C of the header, this field counting as zero
 *  8  u16  kind
 * 10  u16  zero
 * 12  u32  number of blocks
 * 16  u64  first block of the volume
 * 24  u64  place of the record, counted from 0
 * 32  u32  CRC32C of each data block
 * </pre>
 */
final class DifferenceRecord {
    /** Length of the part that every header has, in bytes. */
    static final int FIXED_LENGTH = 32;

    /** Greatest number of data blocks of one record. */
    static final int MAX_DATA_BLOCKS = 256;

    /** Greatest length of a header, in bytes. */
    static final int MAX_LENGTH = FIXED_LENGTH + MAX_DATA_BLOCKS * Integer.BYTES;

    /** Kind: data to be written. */
    static final int DATA = 1;

    /** Kind: blocks to be discarded. */
    static final int DISCARD = 2;

    /** Kind: nothing follows. */
    static final int END = 3;

    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private static final int MAGIC = 0x43565256;
    private static final int CRC_OFFSET = 4;
    private static final int KIND_OFFSET = 8;
    private static final int BLOCKS_OFFSET = 12;
    private static final int BLOCK_OFFSET = 16;
    private static final int PLACE_OFFSET = 24;

    private final MemorySegment segment;
    private final Checksum checksum;

    /** A header in a segment of at least {@link #MAX_LENGTH} bytes. */
    DifferenceRecord(final MemorySegment segment) {
        this.segment = segment;
        checksum = new Checksum(segment);
    }

    /** Fills all but the checksums. */
    DifferenceRecord begin(final int kind, final long block, final long blocks, final long place) {
        segment.set(INT, 0, MAGIC);
        segment.set(SHORT, KIND_OFFSET, (short) kind);
        segment.set(SHORT, KIND_OFFSET + Short.BYTES, (short) 0);
        segment.set(INT, BLOCKS_OFFSET, (int) blocks);
        segment.set(LONG, BLOCK_OFFSET, block);
        segment.set(LONG, PLACE_OFFSET, place);
        return this;
    }

    /** Sets the CRC32C of a data block. */
    void blockCrc(final int index, final int crc) {
        segment.set(INT, FIXED_LENGTH + (long) index * Integer.BYTES, crc);
    }

    /** Completes the header, and gives its bytes. */
    MemorySegment seal() {
        segment.set(INT, CRC_OFFSET, computeCrc());
        return segment.asSlice(0, length());
    }

    /** Whether the part that every header has can be one. */
    boolean isRecognizable() {
        return segment.get(INT, 0) == MAGIC && (kind() != DATA || blocks() <= MAX_DATA_BLOCKS);
    }

    /** Whether the checksum is right. */
    boolean isValid() {
        return segment.get(INT, CRC_OFFSET) == computeCrc();
    }

    int kind() {
        return Short.toUnsignedInt(segment.get(SHORT, KIND_OFFSET));
    }

    long blocks() {
        return Integer.toUnsignedLong(segment.get(INT, BLOCKS_OFFSET));
    }

    long block() {
        return segment.get(LONG, BLOCK_OFFSET);
    }

    long place() {
        return segment.get(LONG, PLACE_OFFSET);
    }

    int blockCrc(final int index) {
        return segment.get(INT, FIXED_LENGTH + (long) index * Integer.BYTES);
    }

    /** Length of the header in bytes. */
    int length() {
        return kind() == DATA ? FIXED_LENGTH + (int) blocks() * Integer.BYTES : FIXED_LENGTH;
    }

    /** Length of the data behind it, in bytes. */
    long dataLength() {
        return kind() == DATA ? blocks() << Blocks.SHIFT : 0;
    }

    private int computeCrc() {
        return checksum.ofAllBut(0, length(), CRC_OFFSET);
    }
}

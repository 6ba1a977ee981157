package io.varve.lsvd.format;

import java.lang.foreign.MemorySegment;
import java.util.UUID;

/**
 * Flyweight over the header of a record of the local log: one block, followed by the record's data blocks.
 *
 * <pre>
 *  0  u32  magic "VRVR"            48  u64  sequence
 *  4  u16  version                 56  u64  durableThrough: every record up to this sequence has been synced
 *  6  u16  flags                   64  u64  position of this header in the log, in bytes, not wrapped
 *  8  u32  CRC32C of the block     72  u32  number of extents
 * 12  u32  CRC of the predecessor  76  u32  number of data blocks
 * 16  16B  volume                  80  16B  zero
 * 32  u64  epoch                   96  extents, then one CRC32C for each data block
 * 40  u64  generation
 * </pre>
 *
 * <p>Version 1 knows no flag but {@link #FLAG_PAD}, and version 2 no notes. The header's CRC covers the data blocks' CRCs and, through the predecessor's, the whole chain before it. An instance
 * is bound to one segment and moved over it with {@link #wrap(int)}.
 */
public final class LogRecord {
    /** Length of the header in bytes. */
    public static final int HEADER_LENGTH = Blocks.SIZE;

    /** Flag: no data follows; the next record stands at the beginning of the log window's next lap. */
    public static final int FLAG_PAD = 1;

    /** Flag: from here on the guest has its write cache off. */
    public static final int FLAG_WRITE_CACHE_OFF = 2;

    /** Flag: from here on the guest has its write cache on. */
    public static final int FLAG_WRITE_CACHE_ON = 4;

    /** Sequence of the first record of a volume. */
    public static final long FIRST_SEQUENCE = 1;

    private static final int MAGIC = 0x52565256;
    private static final int OLDEST_VERSION = 1;
    private static final int VERSION = 3;

    private static final int VERSION_OFFSET = 4;
    private static final int FLAGS_OFFSET = 6;
    private static final int CRC_OFFSET = 8;
    private static final int PREVIOUS_CRC_OFFSET = 12;
    private static final int VOLUME_OFFSET = 16;
    private static final int EPOCH_OFFSET = 32;
    private static final int GENERATION_OFFSET = 40;
    private static final int SEQUENCE_OFFSET = 48;
    private static final int DURABLE_THROUGH_OFFSET = 56;
    private static final int POSITION_OFFSET = 64;
    private static final int EXTENT_COUNT_OFFSET = 72;
    private static final int BLOCK_COUNT_OFFSET = 76;
    private static final int EXTENTS_OFFSET = 96;

    /** Bytes for extents and CRCs in a header. */
    public static final int CAPACITY = HEADER_LENGTH - EXTENTS_OFFSET;

    /** Greatest number of data blocks of a record: what one extent's entry leaves room for. */
    public static final int MAX_BLOCKS = (CAPACITY - ExtentEntry.LENGTH) / Integer.BYTES;

    /** Greatest length of a record in bytes, header included. */
    public static final int MAX_LENGTH = HEADER_LENGTH + MAX_BLOCKS * Blocks.SIZE;

    private final MemorySegment segment;
    private final Checksum checksum;
    private int offset;

    /** Makes a flyweight over a segment of private memory. */
    public LogRecord(final MemorySegment segment) {
        this.segment = segment;
        this.checksum = new Checksum(segment);
    }

    /** Moves the flyweight. */
    public LogRecord wrap(final int newOffset) {
        offset = newOffset;
        return this;
    }

    /** Begins an empty record: fills everything but the extents, the durable sequence and the checksums. */
    public void begin(
            final UUID volume, final long epoch, final long generation, final long sequence, final long position) {
        segment.asSlice(offset, HEADER_LENGTH).fill((byte) 0);
        Layouts.putInt(segment, offset, MAGIC);
        Layouts.putShort(segment, offset + VERSION_OFFSET, VERSION);
        Layouts.putUuid(segment, offset + VOLUME_OFFSET, volume);
        Layouts.putLong(segment, offset + EPOCH_OFFSET, epoch);
        Layouts.putLong(segment, offset + GENERATION_OFFSET, generation);
        Layouts.putLong(segment, offset + SEQUENCE_OFFSET, sequence);
        Layouts.putLong(segment, offset + POSITION_OFFSET, position);
    }

    /** Whether another extent with so many data blocks fits. */
    public boolean fits(final int dataBlocks) {
        return (extentCount() + 1) * ExtentEntry.LENGTH + (blockCount() + dataBlocks) * Integer.BYTES <= CAPACITY;
    }

    /** How many data blocks one more extent could have: below 1 when no extent fits. */
    public int blocksLeft() {
        return (CAPACITY - (extentCount() + 1) * ExtentEntry.LENGTH) / Integer.BYTES - blockCount();
    }

    /** Adds a written extent whose data stands, or will stand, behind that of the extents before. */
    public void addData(final long block, final int length) {
        final int count = extentCount();
        if (count > 0) {
            final long last = extentOffset(count - 1);
            if (ExtentEntry.kind(segment, last) == ExtentEntry.DATA
                    && ExtentEntry.block(segment, last) + ExtentEntry.length(segment, last) == block) {
                ExtentEntry.extend(segment, last, length);
                Layouts.putInt(segment, offset + BLOCK_COUNT_OFFSET, blockCount() + length);
                return;
            }
        }
        ExtentEntry.encode(segment, extentOffset(count), ExtentEntry.DATA, block, length, blockCount());
        Layouts.putInt(segment, offset + EXTENT_COUNT_OFFSET, count + 1);
        Layouts.putInt(segment, offset + BLOCK_COUNT_OFFSET, blockCount() + length);
    }

    /** Adds a block that is not the volume's, whose data stands, or will stand, behind that of the extents before. */
    public void addNote() {
        final int count = extentCount();
        ExtentEntry.encode(segment, extentOffset(count), ExtentEntry.NOTE, 0, 1, blockCount());
        Layouts.putInt(segment, offset + EXTENT_COUNT_OFFSET, count + 1);
        Layouts.putInt(segment, offset + BLOCK_COUNT_OFFSET, blockCount() + 1);
    }

    /** Whether the record is a note, and nothing else. */
    public boolean isNote() {
        return extentCount() == 1 && extentKind(0) == ExtentEntry.NOTE;
    }

    /** Adds a trimmed extent. */
    public void addTrim(final long block, final int length) {
        final int count = extentCount();
        ExtentEntry.encode(segment, extentOffset(count), ExtentEntry.TRIM, block, length, 0);
        Layouts.putInt(segment, offset + EXTENT_COUNT_OFFSET, count + 1);
    }

    /**
     * Completes the record.
     *
     * @param crcs CRC32C of each data block, by index from {@code firstCrc}.
     * @return the header's CRC, which the next record has to name.
     */
    public int seal(
            final int flags,
            final int previousCrc,
            final long durableThrough,
            final BlockChecksums crcs,
            final long firstCrc) {
        Layouts.putShort(segment, offset + FLAGS_OFFSET, flags);
        Layouts.putInt(segment, offset + PREVIOUS_CRC_OFFSET, previousCrc);
        Layouts.putLong(segment, offset + DURABLE_THROUGH_OFFSET, durableThrough);
        final long base = crcsOffset();
        for (int i = 0, n = blockCount(); i < n; i++) {
            Layouts.putInt(segment, base + (long) i * Integer.BYTES, crcs.get(firstCrc + i));
        }
        final int crc = computeCrc();
        Layouts.putInt(segment, offset + CRC_OFFSET, crc);
        return crc;
    }

    /**
     * Whether a well-formed header of a volume's log stands here, at its own position. Says nothing of the data blocks nor of
     * the place in the chain.
     */
    public boolean isValid(final UUID volume, final long position) {
        return Layouts.getInt(segment, offset) == MAGIC
                && isKnownVersion()
                && position() == position
                && Layouts.getUuid(segment, offset + VOLUME_OFFSET).equals(volume)
                && Integer.compareUnsigned(extentCount(), CAPACITY / ExtentEntry.LENGTH) <= 0
                && Integer.compareUnsigned(blockCount(), MAX_BLOCKS) <= 0
                && extentCount() * ExtentEntry.LENGTH + blockCount() * Integer.BYTES <= CAPACITY
                && computeCrc() == crc()
                && ExtentEntry.areConsistent(segment, extentOffset(0), extentCount(), blockCount());
    }

    private boolean isKnownVersion() {
        final int version = Layouts.getShort(segment, offset + VERSION_OFFSET);
        return version >= OLDEST_VERSION && version <= VERSION;
    }

    /** The header's CRC. */
    public int crc() {
        return Layouts.getInt(segment, offset + CRC_OFFSET);
    }

    /** The CRC of the header before this one. */
    public int previousCrc() {
        return Layouts.getInt(segment, offset + PREVIOUS_CRC_OFFSET);
    }

    /** Whether {@link #FLAG_PAD} is set. */
    public boolean isPad() {
        return (Layouts.getShort(segment, offset + FLAGS_OFFSET) & FLAG_PAD) != 0;
    }

    /** Whether the guest has its write cache on behind this record, given whether it had before. */
    public boolean isWriteCache(final boolean before) {
        final int flags = Layouts.getShort(segment, offset + FLAGS_OFFSET);
        return (flags & FLAG_WRITE_CACHE_ON) != 0 || before && (flags & FLAG_WRITE_CACHE_OFF) == 0;
    }

    /** Whether the record changes the volume or its write cache: if not, it only says how far the log is durable, or fills it. */
    public boolean isNews() {
        return extentCount() > 0
                || (Layouts.getShort(segment, offset + FLAGS_OFFSET) & (FLAG_WRITE_CACHE_OFF | FLAG_WRITE_CACHE_ON))
                        != 0;
    }

    /** The epoch in which the record was written. */
    public long epoch() {
        return Layouts.getLong(segment, offset + EPOCH_OFFSET);
    }

    /** The log's generation when the record was written. */
    public long generation() {
        return Layouts.getLong(segment, offset + GENERATION_OFFSET);
    }

    /** The record's place in the order of the log. */
    public long sequence() {
        return Layouts.getLong(segment, offset + SEQUENCE_OFFSET);
    }

    /** Every record up to this sequence was durable when this one was made. */
    public long durableThrough() {
        return Layouts.getLong(segment, offset + DURABLE_THROUGH_OFFSET);
    }

    /** Position of the header in the log, in bytes, not wrapped. */
    public long position() {
        return Layouts.getLong(segment, offset + POSITION_OFFSET);
    }

    /** Number of extents. */
    public int extentCount() {
        return Layouts.getInt(segment, offset + EXTENT_COUNT_OFFSET);
    }

    /** Number of data blocks. */
    public int blockCount() {
        return Layouts.getInt(segment, offset + BLOCK_COUNT_OFFSET);
    }

    /** Length of header and data, in bytes. */
    public int length() {
        return HEADER_LENGTH + blockCount() * Blocks.SIZE;
    }

    /** {@link ExtentEntry#DATA} or {@link ExtentEntry#TRIM}. */
    public int extentKind(final int index) {
        return ExtentEntry.kind(segment, extentOffset(index));
    }

    /** First block of the volume of an extent. */
    public long extentBlock(final int index) {
        return ExtentEntry.block(segment, extentOffset(index));
    }

    /** Length of an extent in blocks. */
    public int extentLength(final int index) {
        return ExtentEntry.length(segment, extentOffset(index));
    }

    /** First data block of an extent, counted from the record's first. */
    public int extentDataBlock(final int index) {
        return ExtentEntry.dataBlock(segment, extentOffset(index));
    }

    /** CRC32C of a data block. */
    public int blockCrc(final int index) {
        return Layouts.getInt(segment, crcsOffset() + (long) index * Integer.BYTES);
    }

    private long extentOffset(final int index) {
        return offset + EXTENTS_OFFSET + (long) index * ExtentEntry.LENGTH;
    }

    private long crcsOffset() {
        return extentOffset(extentCount());
    }

    private int computeCrc() {
        return checksum.ofAllBut(offset, HEADER_LENGTH, offset + CRC_OFFSET);
    }
}

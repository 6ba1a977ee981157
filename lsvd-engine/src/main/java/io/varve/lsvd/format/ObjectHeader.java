package io.varve.lsvd.format;

import java.lang.foreign.MemorySegment;
import java.util.UUID;

/**
 * Flyweight over the header of an object in a volume's sequence.
 *
 * <pre>
 *  0  u32  magic "VRVO"                     64  u64  first log record covered
 *  4  u16  version                          72  u64  last log record covered
 *  6  u16  type ({@link ObjectType})            80  u64  newest checkpoint known durable, or all ones
 *  8  u32  CRC32C of the header             88  u64  length of the object in bytes
 * 12  u32  length of the header, in bytes   96  u32  number of extents
 * 16  16B  volume                          100  u32  number of data blocks
 * 32  u64  epoch                           104  u32  CRC32C of all behind the header, unless a data object
 * 40  u64  sequence                        108  u32  CRC of the header of the last log record covered
 * 48  16B  nonce of the epoch              112  u64  position in the log behind that record, or 0 when unknown
 *                                          120  u8   write cache then: 0 as the epoch record says, 1 off, 2 on
 *                                          121  u8   how often the data has been collected
 *                                          122  6B   zero
 *                                          128  extents, one CRC32C for each data block, zeros to a whole block
 * </pre>
 *
 * <p>The data blocks follow the header. The header of a checkpoint or seal has no extents.
 */
public final class ObjectHeader {
    /** Length of the fixed part, and least length of any header, in bytes. */
    public static final int FIXED_LENGTH = 128;

    /** What {@link #checkpoint()} is when there is none. */
    public static final long NO_CHECKPOINT = -1;

    /** Greatest length of a header in bytes. */
    public static final int MAX_LENGTH = 64 << 20;

    /** Greatest number of data blocks of an object. */
    public static final int MAX_BLOCKS = (1 << 23) - 1;

    private static final int MAGIC = 0x4f565256;
    private static final int VERSION = 3;

    private static final int VERSION_OFFSET = 4;
    private static final int TYPE_OFFSET = 6;
    private static final int CRC_OFFSET = 8;
    private static final int HEADER_LENGTH_OFFSET = 12;
    private static final int VOLUME_OFFSET = 16;
    private static final int EPOCH_OFFSET = 32;
    private static final int SEQUENCE_OFFSET = 40;
    private static final int NONCE_OFFSET = 48;
    private static final int FIRST_RECORD_OFFSET = 64;
    private static final int LAST_RECORD_OFFSET = 72;
    private static final int CHECKPOINT_OFFSET = 80;
    private static final int OBJECT_LENGTH_OFFSET = 88;
    private static final int EXTENT_COUNT_OFFSET = 96;
    private static final int BLOCK_COUNT_OFFSET = 100;
    private static final int BODY_CRC_OFFSET = 104;
    private static final int LOG_CRC_OFFSET = 108;
    private static final int LOG_POSITION_OFFSET = 112;
    private static final int WRITE_CACHE_OFFSET = 120;
    private static final int GENERATION_OFFSET = 121;

    private static final byte WRITE_CACHE_OFF = 1;
    private static final byte WRITE_CACHE_ON = 2;

    private final MemorySegment segment;

    /** Makes a flyweight over a segment of private memory that begins with a header. */
    public ObjectHeader(final MemorySegment segment) {
        this.segment = segment;
    }

    /** Length in bytes of a header with so many extents and data blocks. */
    public static int length(final int extentCount, final int blockCount) {
        final long length = FIXED_LENGTH + (long) extentCount * ExtentEntry.LENGTH + (long) blockCount * Integer.BYTES;
        if (length > MAX_LENGTH - Blocks.SIZE) {
            throw new IllegalArgumentException("header too long: " + length);
        }
        return (int) Blocks.align(length);
    }

    /** Clears the header and fills the fixed part, but for the checksums. */
    public void begin(
            final ObjectType type,
            final UUID volume,
            final long epoch,
            final long sequence,
            final UUID nonce,
            final int extentCount,
            final int blockCount) {
        final int headerLength = length(extentCount, blockCount);
        segment.asSlice(0, headerLength).fill((byte) 0);
        Layouts.putInt(segment, 0, MAGIC);
        Layouts.putShort(segment, VERSION_OFFSET, VERSION);
        Layouts.putShort(segment, TYPE_OFFSET, type.code());
        Layouts.putInt(segment, HEADER_LENGTH_OFFSET, headerLength);
        Layouts.putUuid(segment, VOLUME_OFFSET, volume);
        Layouts.putLong(segment, EPOCH_OFFSET, epoch);
        Layouts.putLong(segment, SEQUENCE_OFFSET, sequence);
        Layouts.putUuid(segment, NONCE_OFFSET, nonce);
        Layouts.putLong(segment, CHECKPOINT_OFFSET, NO_CHECKPOINT);
        Layouts.putLong(segment, OBJECT_LENGTH_OFFSET, headerLength + (long) blockCount * Blocks.SIZE);
        Layouts.putInt(segment, EXTENT_COUNT_OFFSET, extentCount);
        Layouts.putInt(segment, BLOCK_COUNT_OFFSET, blockCount);
    }

    /** Sets what this object and all before it cover, and the first log record whose data is here. */
    public void covers(final long firstRecord, final Covered covered) {
        Layouts.putLong(segment, FIRST_RECORD_OFFSET, firstRecord);
        Layouts.putLong(segment, LAST_RECORD_OFFSET, covered.lastRecord());
        Layouts.putInt(segment, LOG_CRC_OFFSET, covered.logEnd().previousCrc());
        Layouts.putLong(segment, LOG_POSITION_OFFSET, covered.logEnd().position());
        Layouts.putByte(segment, WRITE_CACHE_OFFSET, covered.isWriteCache() ? WRITE_CACHE_ON : WRITE_CACHE_OFF);
    }

    /** Sets how often the data has been collected: 0 as a client wrote it. */
    public void generation(final int generation) {
        Layouts.putByte(segment, GENERATION_OFFSET, (byte) generation);
    }

    /** Sets the newest checkpoint known durable. */
    public void checkpoint(final long sequence) {
        Layouts.putLong(segment, CHECKPOINT_OFFSET, sequence);
    }

    /** Sets what stands behind the header of an object that has no data blocks. */
    public void body(final long length, final int crc) {
        Layouts.putLong(segment, OBJECT_LENGTH_OFFSET, headerLength() + length);
        Layouts.putInt(segment, BODY_CRC_OFFSET, crc);
    }

    /** Writes an extent. */
    public void extent(final int index, final int kind, final long block, final int length, final int dataBlock) {
        ExtentEntry.encode(segment, extentOffset(index), kind, block, length, dataBlock);
    }

    /** Writes the CRC32C of a data block. */
    public void blockCrc(final int index, final int crc) {
        Layouts.putInt(segment, crcsOffset() + (long) index * Integer.BYTES, crc);
    }

    /** Completes the header with its checksum. */
    public void seal() {
        Layouts.putInt(segment, CRC_OFFSET, computeCrc());
    }

    /**
     * Checks that a whole, valid header of a given identity stands here.
     *
     * @param key named in the message.
     * @throws FormatException when it is damaged, of an unknown version, or another object's.
     */
    public void validate(final String key, final UUID volume, final long epoch, final long sequence)
            throws FormatException {
        if (segment.byteSize() < FIXED_LENGTH || Layouts.getInt(segment, 0) != MAGIC) {
            throw new FormatException(key + " is not a Varve object");
        }
        final int version = version();
        if (version != VERSION) {
            throw new FormatException(key + " is of object format " + version + ", which this version does not know");
        }
        final int length = headerLength();
        if (length < FIXED_LENGTH || length > segment.byteSize() || computeCrc() != crc()) {
            throw new FormatException(key + " is damaged: its header's checksum does not match");
        }
        if (type() == null) {
            throw new FormatException(key + " is of an unknown type");
        }
        if (!volume().equals(volume) || epoch() != epoch || sequence() != sequence) {
            throw new FormatException(
                    key + " holds another object: " + volume() + ", epoch " + epoch() + ", sequence " + sequence());
        }
        if (!hasRightLengths(length)) {
            throw new FormatException(key + " is damaged: its lengths do not add up");
        }
        if (!ExtentEntry.areConsistent(segment, extentOffset(0), extentCount(), blockCount())) {
            throw new FormatException(key + " is damaged: its extents do not add up");
        }
    }

    /** Whether the header has room for just what it lists, and the object for that and its data. */
    private boolean hasRightLengths(final int length) {
        final long extents = extentCount();
        final long blocks = blockCount();
        final boolean isData = type() == ObjectType.DATA;
        return extents >= 0
                && blocks >= 0
                && blocks <= MAX_BLOCKS
                && (isData || extents == 0 && blocks == 0)
                && length == Blocks.align(FIXED_LENGTH + extents * ExtentEntry.LENGTH + blocks * Integer.BYTES)
                && (isData ? objectLength() == length + blocks * Blocks.SIZE : objectLength() >= length);
    }

    /** Whether enough of a header stands here to tell {@link #headerLength()}. */
    public boolean isRecognizable() {
        return segment.byteSize() >= FIXED_LENGTH
                && Layouts.getInt(segment, 0) == MAGIC
                && headerLength() >= FIXED_LENGTH
                && headerLength() <= MAX_LENGTH;
    }

    /** Length of the header in bytes. */
    public int headerLength() {
        return Layouts.getInt(segment, HEADER_LENGTH_OFFSET);
    }

    /** Version of the object's format. */
    public int version() {
        return Layouts.getShort(segment, VERSION_OFFSET);
    }

    /** What the object is. */
    public ObjectType type() {
        return ObjectType.of(Layouts.getShort(segment, TYPE_OFFSET));
    }

    /** CRC32C of the header. */
    public int crc() {
        return Layouts.getInt(segment, CRC_OFFSET);
    }

    /** The volume that the object belongs to. */
    public UUID volume() {
        return Layouts.getUuid(segment, VOLUME_OFFSET);
    }

    /** The epoch that wrote the object. */
    public long epoch() {
        return Layouts.getLong(segment, EPOCH_OFFSET);
    }

    /** Place in the volume's sequence. */
    public long sequence() {
        return Layouts.getLong(segment, SEQUENCE_OFFSET);
    }

    /** The nonce of whoever wrote the object. */
    public UUID nonce() {
        return Layouts.getUuid(segment, NONCE_OFFSET);
    }

    /** First log record whose data is here. */
    public long firstRecord() {
        return Layouts.getLong(segment, FIRST_RECORD_OFFSET);
    }

    /** Last log record covered by this object and all before it. */
    public long lastRecord() {
        return Layouts.getLong(segment, LAST_RECORD_OFFSET);
    }

    /**
     * What this object and all before it cover.
     *
     * @param isWriteCache what an object means that does not say it.
     */
    public Covered covered(final boolean isWriteCache) {
        final byte state = Layouts.getByte(segment, WRITE_CACHE_OFFSET);
        return new Covered(
                new Superblock.Tail(
                        Layouts.getLong(segment, LOG_POSITION_OFFSET),
                        lastRecord() + 1,
                        Layouts.getInt(segment, LOG_CRC_OFFSET)),
                state == WRITE_CACHE_ON || state != WRITE_CACHE_OFF && isWriteCache);
    }

    /** Newest checkpoint known durable when the object was made, or {@link #NO_CHECKPOINT}. */
    public long checkpoint() {
        return Layouts.getLong(segment, CHECKPOINT_OFFSET);
    }

    /** How often the data has been collected: 0 as a client wrote it. */
    public int generation() {
        return Layouts.getByte(segment, GENERATION_OFFSET) & 0xff;
    }

    /** Length of the object in bytes. */
    public long objectLength() {
        return Layouts.getLong(segment, OBJECT_LENGTH_OFFSET);
    }

    /** Number of extents. */
    public int extentCount() {
        return Layouts.getInt(segment, EXTENT_COUNT_OFFSET);
    }

    /** Number of data blocks. */
    public int blockCount() {
        return Layouts.getInt(segment, BLOCK_COUNT_OFFSET);
    }

    /** CRC32C of all behind the header, for objects without data blocks. */
    public int bodyCrc() {
        return Layouts.getInt(segment, BODY_CRC_OFFSET);
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

    /** First data block of an extent. */
    public int extentDataBlock(final int index) {
        return ExtentEntry.dataBlock(segment, extentOffset(index));
    }

    /** CRC32C of a data block. */
    public int blockCrc(final int index) {
        return Layouts.getInt(segment, crcsOffset() + (long) index * Integer.BYTES);
    }

    private long extentOffset(final int index) {
        return FIXED_LENGTH + (long) index * ExtentEntry.LENGTH;
    }

    private long crcsOffset() {
        return extentOffset(extentCount());
    }

    private int computeCrc() {
        return new Checksum(segment.asSlice(0, headerLength())).ofAllBut(0, headerLength(), CRC_OFFSET);
    }
}

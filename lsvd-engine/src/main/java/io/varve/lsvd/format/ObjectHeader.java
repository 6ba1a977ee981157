package io.varve.lsvd.format;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.UUID;

/**
 * Flyweight over the header of an object in a volume's sequence.
 *
 * <pre>
 *  0  u32  magic "VRVO"                     64  u64  length of the object in bytes
 *  4  u16  version                          72  u64  newest checkpoint known durable, or all ones
 *  6  u16  type ({@link ObjectType})            80  u32  flags: 1 encrypted
 *  8  u32  CRC32C of the header             84  u32  length of the table as it is stored, in bytes
 * 12  u32  length of the header, in bytes   88  16B  salt of the object's key, or zero
 * 16  16B  volume                          104  u32  part of a checkpoint, or 0
 * 32  u64  epoch                           108  u8   how often the data has been collected
 * 40  u64  sequence                        109  19B  zero
 * 48  16B  nonce of the epoch              128  the table, zeros to a whole block
 *
 * The table:
 *  0  u64  first log record covered         32  u32  number of extents
 *  8  u64  last log record covered          36  u32  number of data blocks
 * 16  u64  position in the log behind       40  u64  length of the payload in bytes
 *          that record, or 0 when unknown   48  u32  number of frames
 * 24  u32  CRC of that record's header      52  u32  zero
 * 28  u8   write cache then: 0 as the       56  extents, one CRC32C for each data block, one entry for each frame:
 *          epoch record says, 1 off, 2 on            u32 stored length (low 24 bits) and codec (high 8 bits), u32 CRC32C of
 * 29  3B   zero                                      what is stored
 * </pre>
 *
 * <p>The frames follow the header, one behind the other. They hold the payload: the data blocks of a data object, in the order of its
 * extents, or what a checkpoint says. The header of a checkpoint or seal has no extents.
 */
public final class ObjectHeader {
    /** Length of the part before the table in bytes. */
    public static final int FIXED_LENGTH = 128;

    /** What {@link #checkpoint()} is when there is none. */
    public static final long NO_CHECKPOINT = -1;

    /** Greatest length of a header in bytes. */
    public static final int MAX_LENGTH = 64 << 20;

    /** Greatest number of data blocks of an object. */
    public static final int MAX_BLOCKS = (1 << 23) - 1;

    /** Greatest length of a payload in bytes. */
    public static final long MAX_PAYLOAD = (long) MAX_BLOCKS * Blocks.SIZE;

    private static final int MAGIC = 0x4f565256;
    private static final int VERSION = 4;

    private static final int VERSION_OFFSET = 4;
    private static final int TYPE_OFFSET = 6;
    private static final int CRC_OFFSET = 8;
    private static final int HEADER_LENGTH_OFFSET = 12;
    private static final int VOLUME_OFFSET = 16;
    private static final int EPOCH_OFFSET = 32;
    private static final int SEQUENCE_OFFSET = 40;
    private static final int NONCE_OFFSET = 48;
    private static final int OBJECT_LENGTH_OFFSET = 64;
    private static final int CHECKPOINT_OFFSET = 72;
    private static final int FLAGS_OFFSET = 80;
    private static final int TABLE_LENGTH_OFFSET = 84;
    private static final int SALT_OFFSET = 88;
    private static final int PART_OFFSET = 104;
    private static final int GENERATION_OFFSET = 108;

    private static final int FIRST_RECORD_OFFSET = FIXED_LENGTH;
    private static final int LAST_RECORD_OFFSET = FIXED_LENGTH + 8;
    private static final int LOG_POSITION_OFFSET = FIXED_LENGTH + 16;
    private static final int LOG_CRC_OFFSET = FIXED_LENGTH + 24;
    private static final int WRITE_CACHE_OFFSET = FIXED_LENGTH + 28;
    private static final int EXTENT_COUNT_OFFSET = FIXED_LENGTH + 32;
    private static final int BLOCK_COUNT_OFFSET = FIXED_LENGTH + 36;
    private static final int PAYLOAD_LENGTH_OFFSET = FIXED_LENGTH + 40;
    private static final int FRAME_COUNT_OFFSET = FIXED_LENGTH + 48;
    private static final int EXTENTS_OFFSET = FIXED_LENGTH + 56;
    private static final int FRAME_ENTRY_LENGTH = 8;
    private static final int CODEC_SHIFT = 24;
    private static final int STORED_LENGTH_MASK = (1 << CODEC_SHIFT) - 1;

    /** Length of the salt of an object's key in bytes. */
    public static final int SALT_LENGTH = 16;

    /** By so many bytes a table or frame is longer when it is encrypted. */
    public static final int TAG_LENGTH = 16;

    private static final int ENCRYPTED = 1;

    private static final byte WRITE_CACHE_OFF = 1;
    private static final byte WRITE_CACHE_ON = 2;

    private final MemorySegment segment;

    /** Makes a flyweight over a segment of private memory that begins with a header. */
    public ObjectHeader(final MemorySegment segment) {
        this.segment = segment;
    }

    /**
     * How much an object lists and holds.
     *
     * @param extents       number of extents.
     * @param blocks        number of data blocks.
     * @param payloadLength in bytes.
     */
    public record Shape(int extents, int blocks, long payloadLength) {
        /** Of an object that says what it says in its header. */
        public static final Shape EMPTY = new Shape(0, 0, 0);

        /** Of a data object. */
        public static Shape ofData(final int extents, final int blocks) {
            return new Shape(extents, blocks, (long) blocks * Blocks.SIZE);
        }

        /** Of an object whose payload is no data. */
        public static Shape ofPayload(final long length) {
            return new Shape(0, 0, length);
        }

        /** Number of frames. */
        public int frames() {
            return Frames.count(payloadLength);
        }

        /** Length of the table in bytes. */
        long tableLength() {
            return EXTENTS_OFFSET
                    - FIXED_LENGTH
                    + (long) extents * ExtentEntry.LENGTH
                    + (long) blocks * Integer.BYTES
                    + (long) frames() * FRAME_ENTRY_LENGTH;
        }

        /** Length of the header of a plain object in bytes. */
        public int headerLength() {
            return headerLength(false);
        }

        /**
         * Length of the header in bytes.
         *
         * @throws IllegalArgumentException when no header is so long.
         */
        public int headerLength(final boolean isEncrypted) {
            final long length = FIXED_LENGTH + tableLength() + (isEncrypted ? TAG_LENGTH : 0);
            if (length > MAX_LENGTH - Blocks.SIZE) {
                throw new IllegalArgumentException("header too long: " + length);
            }
            return (int) Blocks.align(length);
        }

        /** Length in bytes of the whole plain object when nothing of it is compressed. */
        public long objectLength() {
            return objectLength(false);
        }

        /** Length in bytes of the whole object when nothing of it is compressed. */
        public long objectLength(final boolean isEncrypted) {
            return headerLength(isEncrypted) + payloadLength + (isEncrypted ? (long) frames() * TAG_LENGTH : 0);
        }
    }

    /** Clears the header of a plain object and fills what is known at the beginning. */
    public void begin(final ObjectType type, final ObjectIdentity identity, final Shape shape) {
        begin(type, identity, shape, null);
    }

    /**
     * As {@link #begin(ObjectType, ObjectIdentity, Shape)}.
     *
     * @param salt of the key of an object that is going to be encrypted; null for a plain one.
     */
    public void begin(final ObjectType type, final ObjectIdentity identity, final Shape shape, final byte[] salt) {
        final int headerLength = shape.headerLength(salt != null);
        segment.asSlice(0, headerLength).fill((byte) 0);
        Layouts.putInt(segment, 0, MAGIC);
        Layouts.putShort(segment, VERSION_OFFSET, VERSION);
        Layouts.putShort(segment, TYPE_OFFSET, type.code());
        Layouts.putInt(segment, HEADER_LENGTH_OFFSET, headerLength);
        Layouts.putUuid(segment, VOLUME_OFFSET, identity.volume());
        Layouts.putLong(segment, EPOCH_OFFSET, identity.epoch());
        Layouts.putLong(segment, SEQUENCE_OFFSET, identity.sequence());
        Layouts.putUuid(segment, NONCE_OFFSET, identity.nonce());
        Layouts.putInt(segment, PART_OFFSET, identity.part());
        Layouts.putLong(segment, CHECKPOINT_OFFSET, NO_CHECKPOINT);
        Layouts.putInt(segment, TABLE_LENGTH_OFFSET, (int) shape.tableLength() + (salt == null ? 0 : TAG_LENGTH));
        if (salt != null) {
            Layouts.putInt(segment, FLAGS_OFFSET, ENCRYPTED);
            MemorySegment.copy(salt, 0, segment, ValueLayout.JAVA_BYTE, SALT_OFFSET, SALT_LENGTH);
        }
        Layouts.putInt(segment, EXTENT_COUNT_OFFSET, shape.extents());
        Layouts.putInt(segment, BLOCK_COUNT_OFFSET, shape.blocks());
        Layouts.putLong(segment, PAYLOAD_LENGTH_OFFSET, shape.payloadLength());
        Layouts.putInt(segment, FRAME_COUNT_OFFSET, shape.frames());
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

    /** Writes an extent. */
    public void extent(final int index, final int kind, final long block, final int length, final int dataBlock) {
        ExtentEntry.encode(segment, extentOffset(index), kind, block, length, dataBlock);
    }

    /** Writes the CRC32C of a data block. */
    public void blockCrc(final int index, final int crc) {
        Layouts.putInt(segment, crcsOffset() + (long) index * Integer.BYTES, crc);
    }

    /** Says how a frame is stored. */
    public void frame(final int index, final Codec codec, final int storedLength, final int crc) {
        final long offset = frameOffset(index);
        Layouts.putInt(segment, offset, codec.code() << CODEC_SHIFT | storedLength);
        Layouts.putInt(segment, offset + Integer.BYTES, crc);
    }

    /** Completes a plain header with the length of the object and its checksum. */
    public void complete(final long objectLength) {
        length(objectLength);
        complete();
    }

    /** Sets the length of the object. */
    public void length(final long objectLength) {
        Layouts.putLong(segment, OBJECT_LENGTH_OFFSET, objectLength);
    }

    /** Completes the header, table and all, with its checksum. */
    public void complete() {
        Layouts.putInt(segment, CRC_OFFSET, computeCrc());
    }

    /**
     * Checks that a whole, valid header of a given identity stands here, whose table is plain, or has been decrypted.
     *
     * @param key named in the message.
     * @throws FormatException when it is damaged, of an unknown version, or another object's.
     */
    public void validate(final String key, final UUID volume, final long epoch, final long sequence)
            throws FormatException {
        validateStored(key, volume, epoch, sequence);
        validateTable(key);
    }

    /**
     * Checks of a header of a given identity what can be checked as it is stored, without the key of an encrypted object.
     *
     * @param key named in the message.
     * @throws FormatException when it is damaged, of an unknown version, or another object's.
     */
    public void validateStored(final String key, final UUID volume, final long epoch, final long sequence)
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
        if ((Layouts.getInt(segment, FLAGS_OFFSET) & ~ENCRYPTED) != 0) {
            throw new FormatException(key + " has something that this version does not know");
        }
        if (!volume().equals(volume) || epoch() != epoch || sequence() != sequence) {
            throw new FormatException(
                    key + " holds another object: " + volume() + ", epoch " + epoch() + ", sequence " + sequence());
        }
        final long tableLength = storedTableLength();
        if (tableLength < EXTENTS_OFFSET - FIXED_LENGTH + tagLength()
                || Blocks.align(FIXED_LENGTH + tableLength) != length) {
            throw new FormatException(key + " is damaged: its lengths do not add up");
        }
    }

    /**
     * Checks the table, which is plain, or has been decrypted.
     *
     * @param key named in the message.
     * @throws FormatException when what it lists does not add up.
     */
    public void validateTable(final String key) throws FormatException {
        if (!hasRightLengths()) {
            throw new FormatException(key + " is damaged: its lengths do not add up");
        }
        if (!ExtentEntry.areConsistent(segment, extentOffset(0), extentCount(), blockCount())) {
            throw new FormatException(key + " is damaged: its extents do not add up");
        }
        if (!hasRightFrames()) {
            throw new FormatException(key + " is damaged: its frames do not add up");
        }
    }

    /** Whether the header has room for just what it lists. */
    private boolean hasRightLengths() {
        final long extents = extentCount();
        final long blocks = blockCount();
        final long payload = payloadLength();
        final boolean isData = type() == ObjectType.DATA;
        if (extents < 0
                || extents > MAX_LENGTH / ExtentEntry.LENGTH
                || blocks < 0
                || blocks > MAX_BLOCKS
                || payload < 0
                || payload > MAX_PAYLOAD
                || (isData ? payload != blocks * Blocks.SIZE : extents > 0 || blocks > 0)) {
            return false;
        }
        final Shape shape = new Shape((int) extents, (int) blocks, payload);
        return shape.frames() == frameCount() && shape.tableLength() + tagLength() == storedTableLength();
    }

    /** Whether each frame is stored as one can be, and the object is as long as all of them. */
    private boolean hasRightFrames() {
        long length = headerLength();
        for (int i = 0, n = frameCount(); i < n; i++) {
            final int stored = storedLength(i) - (codec(i) == Codec.ZEROS ? 0 : tagLength());
            final int plain = Frames.length(i, payloadLength());
            final Codec codec = codec(i);
            if (codec == null
                    || (switch (codec) {
                        case NONE -> stored != plain;
                        case ZEROS -> stored != 0;
                        default -> stored <= 0 || stored >= plain;
                    })) {
                return false;
            }
            length += storedLength(i);
        }
        return length == objectLength();
    }

    /** Whether enough of a header stands here to tell {@link #headerLength()}. */
    public boolean isRecognizable() {
        return segment.byteSize() >= FIXED_LENGTH
                && Layouts.getInt(segment, 0) == MAGIC
                && headerLength() >= FIXED_LENGTH
                && headerLength() <= MAX_LENGTH;
    }

    /** Whether table and frames are encrypted. */
    public boolean isEncrypted() {
        return (Layouts.getInt(segment, FLAGS_OFFSET) & ENCRYPTED) != 0;
    }

    private int tagLength() {
        return isEncrypted() ? TAG_LENGTH : 0;
    }

    /** Length of the table as it is stored, in bytes. */
    public int storedTableLength() {
        return Layouts.getInt(segment, TABLE_LENGTH_OFFSET);
    }

    /** The salt of the object's key: {@value #SALT_LENGTH} bytes. */
    public byte[] salt() {
        return segment.asSlice(SALT_OFFSET, SALT_LENGTH).toArray(ValueLayout.JAVA_BYTE);
    }

    /** What it says that it is. */
    public ObjectIdentity identity() {
        return new ObjectIdentity(volume(), epoch(), sequence(), nonce(), Layouts.getInt(segment, PART_OFFSET));
    }

    /** Where the table stands, and how it is stored. */
    public MemorySegment storedTable() {
        return segment.asSlice(FIXED_LENGTH, storedTableLength());
    }

    /** All from the header on. */
    public MemorySegment bytes() {
        return segment;
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

    /** Length of the payload in bytes: what the frames hold, decompressed. */
    public long payloadLength() {
        return Layouts.getLong(segment, PAYLOAD_LENGTH_OFFSET);
    }

    /** Number of frames. */
    public int frameCount() {
        return Layouts.getInt(segment, FRAME_COUNT_OFFSET);
    }

    /** How a frame is stored, or null when that is unknown. */
    public Codec codec(final int index) {
        return Codec.of(Layouts.getInt(segment, frameOffset(index)) >>> CODEC_SHIFT);
    }

    /** Length in bytes of a frame as it is stored. */
    public int storedLength(final int index) {
        return Layouts.getInt(segment, frameOffset(index)) & STORED_LENGTH_MASK;
    }

    /** CRC32C of a frame as it is stored. */
    public int frameCrc(final int index) {
        return Layouts.getInt(segment, frameOffset(index) + Integer.BYTES);
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
        return EXTENTS_OFFSET + (long) index * ExtentEntry.LENGTH;
    }

    private long crcsOffset() {
        return extentOffset(extentCount());
    }

    private long framesOffset() {
        return crcsOffset() + (long) blockCount() * Integer.BYTES;
    }

    private long frameOffset(final int index) {
        return framesOffset() + (long) index * FRAME_ENTRY_LENGTH;
    }

    private int computeCrc() {
        return new Checksum(segment.asSlice(0, headerLength())).ofAllBut(0, headerLength(), CRC_OFFSET);
    }
}

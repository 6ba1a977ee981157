package io.varve.lsvd.fuzz;

import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.format.ExtentEntry;
import io.varve.lsvd.format.LogRecord;
import io.varve.lsvd.format.LogSalt;
import io.varve.lsvd.format.Superblock;
import io.varve.lsvd.log.DeviceLogSource;
import io.varve.lsvd.log.LogDevice;
import io.varve.lsvd.log.LogGeometry;
import io.varve.lsvd.log.LogReader;
import io.varve.lsvd.log.LogSuperblock;
import io.varve.lsvd.map.ExtentMap;
import io.varve.testsupport.fuzz.FuzzTarget;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;

/**
 * A local log: the two superblocks, then records, each where the one before ends. Of a record the beginning of its header is given;
 * its data is zeros. What makes a record follow another is put in, unless the part says not to.
 */
final class LogFileTarget implements FuzzTarget {
    private static final int RECORD = 1;
    private static final int RAW = 2;
    private static final int UNCHAINED = 4;
    private static final int UNSEALED = 8;
    private static final int AREA = 4 * LogGeometry.MIN_WINDOW;
    private static final int EXTENTS = 96;
    private static final int ZEROS_CRC = Seal.crc(new byte[Blocks.SIZE], 0, Blocks.SIZE);
    private static final byte[] EXAMPLE = superblock(0);

    private final MemorySegment file = Arena.ofAuto().allocate(Superblock.AREA_OFFSET + AREA, Blocks.SIZE);

    /** The file as a device; whatever is written to it is no part of what is tried here. */
    private final LogDevice device = new LogDevice() {
        @Override
        public int register(final Listener listener) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void write(
                final long offset, final long address, final int length, final int listener, final long token) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void read(
                final long offset, final long address, final int length, final int listener, final long token) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void sync(final int listener, final long token) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void readFully(final long offset, final MemorySegment target) throws IOException {
            if (offset + target.byteSize() > file.byteSize()) {
                throw new IOException("it has been truncated");
            }
            target.copyFrom(file.asSlice(offset, target.byteSize()));
        }

        @Override
        public void writeFully(final long offset, final MemorySegment source) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void syncFully() {
            throw new UnsupportedOperationException();
        }

        @Override
        public long length() {
            return file.byteSize();
        }

        @Override
        public String name() {
            return "log";
        }

        @Override
        public void close() {
            throw new UnsupportedOperationException();
        }
    };

    @Override
    public String name() {
        return "log-file";
    }

    @Override
    public List<byte[]> seeds() {
        return List.of(
                Inputs.ofParts(
                        new Inputs.Part(0, 0, superblock(0)),
                        new Inputs.Part(0, 1, superblock(LogGeometry.MIN_WINDOW - 3 * Blocks.SIZE)),
                        record(0, 2),
                        record(LogRecord.FLAG_PAD, 0),
                        record(LogRecord.FLAG_WRITE_CACHE_OFF, 1)),
                Inputs.ofParts(
                        new Inputs.Part(0, 0, superblock(0)),
                        record(0, 60),
                        record(0, 1),
                        new Inputs.Part(RAW, 3, new byte[] {1}),
                        record(0, 1)));
    }

    private static byte[] superblock(final long position) {
        final MemorySegment block = Arena.ofAuto().allocate(Superblock.LENGTH);
        new Superblock(
                        position == 0 ? 1 : 2,
                        Inputs.VOLUME,
                        AREA,
                        LogGeometry.MIN_WINDOW,
                        1,
                        new Superblock.Tail(position, 1, 0),
                        Superblock.Seen.NOTHING,
                        List.of(new Superblock.EpochClaim(0, new UUID(3, 4))),
                        LogSalt.NONE)
                .encode(block);
        final byte[] bytes = block.toArray(ValueLayout.JAVA_BYTE);
        return Arrays.copyOf(bytes, Seal.view(bytes).getInt(12));
    }

    private static Inputs.Part record(final int flags, final int blocks) {
        final MemorySegment header = Arena.ofAuto().allocate(LogRecord.HEADER_LENGTH);
        final LogRecord record = new LogRecord(header).wrap(0);
        record.begin(Inputs.VOLUME, 0, 1, 1, 0);
        if (blocks > 0) {
            record.addData(100, blocks);
            record.addTrim(7, 300);
        }
        record.seal(flags, 0, 1, index -> ZEROS_CRC, 0);
        return new Inputs.Part(
                RECORD,
                flags,
                Arrays.copyOf(
                        header.toArray(ValueLayout.JAVA_BYTE), EXTENTS + record.extentCount() * ExtentEntry.LENGTH));
    }

    @Override
    public void run(final byte[] input) {
        file.fill((byte) 0);
        build(input);
        final Superblock superblock;
        final LogGeometry geometry;
        try {
            superblock = LogSuperblock.read(device).current();
            geometry = new LogGeometry(superblock.areaLength(), superblock.windowLength());
            read(superblock, geometry);
        } catch (final IOException e) {
            return;
        }
    }

    private void build(final byte[] input) {
        long position = 0;
        long sequence = 1;
        int previousCrc = 0;
        for (final Inputs.Part part : Inputs.parts(input)) {
            if ((part.kind() & RAW) != 0) {
                put((long) part.number() * Blocks.SIZE, part.bytes());
            } else if ((part.kind() & RECORD) == 0) {
                if ((part.kind() & UNSEALED) == 0) {
                    Seal.smallRecord(part.bytes(), EXAMPLE);
                }
                final long place = (part.number() & 1L) * Superblock.LENGTH;
                put(place, Arrays.copyOf(part.bytes(), Math.min(part.bytes().length, Superblock.LENGTH)));
                if (part.bytes().length > 72) {
                    final ByteBuffer view = Seal.view(part.bytes());
                    position = Math.floorMod(view.getLong(52) & -Blocks.SIZE, (long) AREA << 2);
                    sequence = view.getLong(60);
                    previousCrc = view.getInt(68);
                }
            } else {
                final byte[] header = Arrays.copyOf(part.bytes(), LogRecord.HEADER_LENGTH);
                final ByteBuffer view = Seal.view(header);
                if ((part.kind() & UNCHAINED) == 0) {
                    view.putInt(0, 0x52565256)
                            .putInt(12, previousCrc)
                            .putLong(48, sequence++)
                            .putLong(64, position);
                }
                if ((part.kind() & UNSEALED) == 0) {
                    sealRecord(view);
                }
                previousCrc = view.getInt(8);
                put(Superblock.AREA_OFFSET + position % AREA, header);
                final int blocks = Math.clamp(view.getInt(76), 0, LogRecord.MAX_BLOCKS);
                position += (view.getShort(6) & LogRecord.FLAG_PAD) == 0
                        ? (1L + blocks) * Blocks.SIZE
                        : LogGeometry.MIN_WINDOW - position % LogGeometry.MIN_WINDOW;
            }
        }
    }

    private static void sealRecord(final ByteBuffer header) {
        final int extents = Math.clamp(header.getInt(72), 0, LogRecord.CAPACITY / ExtentEntry.LENGTH);
        final int crcs = EXTENTS + extents * ExtentEntry.LENGTH;
        for (int i = 0; i < header.getInt(76) && crcs + (i + 1) * Integer.BYTES <= LogRecord.HEADER_LENGTH; i++) {
            header.putInt(crcs + i * Integer.BYTES, ZEROS_CRC);
        }
        header.putInt(8, Seal.crc(header.array(), 0, LogRecord.HEADER_LENGTH, 8));
    }

    private void put(final long offset, final byte[] bytes) {
        final long length = Math.clamp(file.byteSize() - offset, 0, bytes.length);
        MemorySegment.copy(bytes, 0, file, ValueLayout.JAVA_BYTE, Math.min(offset, file.byteSize()), (int) length);
    }

    /** As whoever opens a volume, or rescues what is in a log, reads it. */
    private void read(final Superblock superblock, final LogGeometry geometry) throws IOException {
        try (LogReader reader = new LogReader(new DeviceLogSource(geometry, device, null), superblock.volume());
                ExtentMap map = new ExtentMap()) {
            reader.begin(superblock.tail(), superblock.tail().position() + geometry.areaLength());
            long sequence = superblock.tail().sequence();
            while (reader.next()) {
                final LogRecord record = reader.record();
                if (record.sequence() < sequence) {
                    throw new AssertionError("record " + record.sequence() + " comes after " + sequence);
                }
                sequence = record.sequence();
                apply(record, reader.recordBytes(), map);
            }
            final long end = reader.end().position();
            if (end < superblock.tail().position() || end > superblock.tail().position() + geometry.areaLength()) {
                throw new AssertionError("the log was read up to " + end);
            }
            reader.provenDurableBehindEnd();
        }
    }

    private static void apply(final LogRecord record, final MemorySegment bytes, final ExtentMap map) {
        for (int i = 0; i < record.extentCount(); i++) {
            if (record.extentKind(i) == ExtentEntry.TRIM) {
                map.remove(record.extentBlock(i), record.extentLength(i));
            } else {
                final long at = LogRecord.HEADER_LENGTH + ((long) record.extentDataBlock(i) << Blocks.SHIFT);
                final MemorySegment data = bytes.asSlice(at, (long) record.extentLength(i) << Blocks.SHIFT);
                map.put(record.extentBlock(i), data.byteSize() >> Blocks.SHIFT, 0);
            }
        }
    }
}

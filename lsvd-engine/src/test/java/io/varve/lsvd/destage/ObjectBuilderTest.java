package io.varve.lsvd.destage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.lsvd.format.BlockChecksums;
import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.format.Checksum;
import io.varve.lsvd.format.Compression;
import io.varve.lsvd.format.FormatException;
import io.varve.lsvd.format.LogRecord;
import io.varve.lsvd.format.Superblock;
import io.varve.lsvd.log.LogGeometry;
import io.varve.lsvd.log.LogSource;
import io.varve.lsvd.objects.BufferPool;
import io.varve.lsvd.objects.ObjectWriter;
import io.varve.lsvd.stored.BuiltObject;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The same object comes of a batch, wherever its data is and whatever happens to that in memory. */
class ObjectBuilderTest {
    private static final UUID VOLUME = new UUID(1, 2);
    private static final LogGeometry GEOMETRY = new LogGeometry(4 * LogGeometry.MIN_WINDOW, LogGeometry.MIN_WINDOW);
    private static final int RECORDS = 5;
    private static final int BLOCKS_EACH = 3;
    private static final int RECORD_LENGTH = LogRecord.HEADER_LENGTH + BLOCKS_EACH * Blocks.SIZE;

    private final Arena arena = Arena.ofConfined();
    private final AtomicLong clock = new AtomicLong();
    private final BufferPool buffers = new BufferPool(clock::get);
    private final Log log = new Log();
    private final ObjectBuilder builder = new ObjectBuilder(
            log, buffers, new ObjectWriter(buffers, Compression.NONE), VOLUME, 1, new UUID(3, 4), true);
    private Batch batch;

    @BeforeEach
    void writeRecords() {
        log.file = arena.allocate(GEOMETRY.windowLength(), Blocks.SIZE);
        final Random random = new Random(1);
        final byte[] data = new byte[BLOCKS_EACH * Blocks.SIZE];
        int crc = 0;
        for (int i = 0; i < RECORDS; i++) {
            final int offset = i * RECORD_LENGTH;
            random.nextBytes(data);
            MemorySegment.copy(data, 0, log.file, ValueLayout.JAVA_BYTE, offset + LogRecord.HEADER_LENGTH, data.length);
            final Checksum checksum = new Checksum(log.file);
            final LogRecord record = new LogRecord(log.file).wrap(offset);
            record.begin(VOLUME, 1, 1, i + 1, offset);
            // The next record overwrites the first of its blocks.
            record.addData(20 - 2 * i, BLOCKS_EACH);
            final BlockChecksums crcs =
                    index -> checksum.of(offset + LogRecord.HEADER_LENGTH + (int) index * Blocks.SIZE, Blocks.SIZE);
            crc = record.seal(0, crc, 0, crcs, 0);
        }
        batch = new Batch(
                new Superblock.Tail(0, 1, 0), new Superblock.Tail(RECORDS * RECORD_LENGTH, RECORDS + 1, crc), false);
        log.window = arena.allocate(GEOMETRY.windowLength(), Blocks.SIZE).copyFrom(log.file);
    }

    @AfterEach
    void close() {
        builder.close();
        clock.set(Long.MAX_VALUE);
        buffers.freeUnneeded();
        assertThat(buffers.bytes()).as("still in use").isZero();
        buffers.close();
        arena.close();
    }

    @Test
    void isTheSameFromMemoryAndFromTheFile() throws IOException {
        final byte[] expected = fromFile();
        log.isInMemory = true;
        assertThat(build()).isEqualTo(expected);
        assertThat(log.bytesRead).as("headers only").isEqualTo(RECORDS * LogRecord.HEADER_LENGTH);
    }

    @Test
    void newerRecordsMayTakeItsPlaceInMemoryAtAnyMoment() throws IOException {
        final byte[] expected = fromFile();
        for (int views = 0; views < RECORDS; views++) {
            log.isInMemory = true;
            log.replacedBehindViews = views;
            assertThat(build()).as("replaced behind %s", views).isEqualTo(expected);
            log.window.copyFrom(log.file);
        }
    }

    @Test
    void whatIsDamagedInMemoryComesFromTheFile() throws IOException {
        final byte[] expected = fromFile();
        log.isInMemory = true;
        damage(log.window, 2 * RECORD_LENGTH + LogRecord.HEADER_LENGTH + Blocks.SIZE + 5);
        assertThat(build()).isEqualTo(expected);
        assertThat(log.bytesRead).isGreaterThan(RECORDS * RECORD_LENGTH);
    }

    @Test
    void whatIsDamagedInTheFileIsRefused() {
        damage(log.file, 3 * RECORD_LENGTH + LogRecord.HEADER_LENGTH + Blocks.SIZE + 7);
        assertThatThrownBy(this::build)
                .isInstanceOf(FormatException.class)
                .hasMessageContaining(
                        "damaged at position " + (3 * RECORD_LENGTH + LogRecord.HEADER_LENGTH + Blocks.SIZE));
        damage(log.file, RECORD_LENGTH + 100);
        assertThatThrownBy(this::build)
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("damaged at record 2 ");
    }

    private byte[] fromFile() throws IOException {
        final byte[] object = build();
        assertThat(log.bytesRead).isEqualTo(RECORDS * RECORD_LENGTH);
        log.bytesRead = 0;
        return object;
    }

    private byte[] build() throws IOException {
        final BuiltObject built = builder.build(batch, 7, 3);
        final byte[] bytes = built.bytes().toArray(ValueLayout.JAVA_BYTE);
        buffers.give(built.bytes());
        return bytes;
    }

    private static void damage(final MemorySegment memory, final long at) {
        memory.set(ValueLayout.JAVA_BYTE, at, (byte) (memory.get(ValueLayout.JAVA_BYTE, at) + 1));
    }

    /** A log's file and window. */
    private final class Log implements LogSource {
        private MemorySegment file;
        private MemorySegment window;
        private boolean isInMemory;
        private int replacedBehindViews = Integer.MAX_VALUE;
        private long bytesRead;

        @Override
        public LogGeometry geometry() {
            return GEOMETRY;
        }

        @Override
        public void read(final long position, final MemorySegment target) {
            bytesRead += target.byteSize();
            target.copyFrom(file.asSlice(position, target.byteSize()));
        }

        @Override
        public boolean isInMemory(final long position) {
            return isInMemory;
        }

        @Override
        public MemorySegment view(final long position, final long length) {
            if (replacedBehindViews-- == 0) {
                window.fill((byte) 0x55);
                isInMemory = false;
            }
            return window.asSlice(position, length);
        }
    }
}

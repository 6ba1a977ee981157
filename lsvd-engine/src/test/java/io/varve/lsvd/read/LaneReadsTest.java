package io.varve.lsvd.read;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.linux.IoRing;
import io.varve.linux.IoVec;
import io.varve.linux.Mapping;
import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.format.Checksum;
import io.varve.lsvd.format.Superblock;
import io.varve.lsvd.log.LogChecksums;
import io.varve.lsvd.log.LogGeometry;
import io.varve.lsvd.log.LogWindow;
import io.varve.lsvd.log.LogWriter;
import io.varve.lsvd.log.PartialLogDevice;
import io.varve.lsvd.map.ExtentMap;
import io.varve.lsvd.map.ExtentMapReader;
import io.varve.lsvd.map.Location;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What changes between a read's look-up and its answer. */
class LaneReadsTest {
    private static final int SIZE = Blocks.SIZE;
    private static final LogGeometry GEOMETRY = new LogGeometry(4L * LogGeometry.MIN_WINDOW, LogGeometry.MIN_WINDOW);

    /** The log begins where it has gone round some times, and the window has nothing of what is read from the file. */
    private static final long FIRST_BLOCK = 5 * GEOMETRY.areaLength() / SIZE;

    /** As many blocks as the window has room for, headers of records included: the oldest are just being overwritten. */
    private static final int RACED_PAIRS = 20;

    private static final long WINDOW_BEGINS = (FIRST_BLOCK + 100) * SIZE;

    private final Arena arena = Arena.ofShared();
    private final ExtentMap map = new ExtentMap();
    private final LogChecksums checksums = new LogChecksums(GEOMETRY, arena);
    private final LogWindow window =
            new LogWindow(GEOMETRY, WINDOW_BEGINS, Mapping.reserve(GEOMETRY.windowLength(), arena));
    private final HeldLog log = new HeldLog();
    private final IoVec buffers = new IoVec();
    private final MemorySegment guest = arena.allocate(4 * SIZE, SIZE);
    private final List<String> told = new ArrayList<>();
    private long oldestReadable = FIRST_BLOCK * SIZE;
    private boolean mayAnswer = true;
    private LaneReads reads;

    @BeforeEach
    void make() {
        reads = new LaneReads(
                new ExtentMapReader(map),
                GEOMETRY,
                window,
                log,
                checksums,
                null,
                null,
                () -> oldestReadable,
                () -> mayAnswer,
                (token, length, isServed) -> told.add(token + (isServed ? " served" : " refused")));
        map.put(10, 4, Location.inLog(FIRST_BLOCK));
        map.put(20, 4, Location.inLog(FIRST_BLOCK + 110));
        buffers.add(guest.address(), 2 * SIZE);
    }

    @AfterEach
    void free() {
        assertThat(reads.isQuiet()).isTrue();
        reads.close();
        map.close();
        arena.close();
    }

    @Test
    void theLogsFileIsReadWhileItHoldsTheBlock() {
        assertThat(reads.read(11L * SIZE, buffers, 7)).isTrue();
        log.answer((byte) 3, true);
        assertThat(told).containsExactly("7 served");
        assertThat(guest.get(ValueLayout.JAVA_BYTE, 2 * SIZE - 1)).isEqualTo((byte) 3);
    }

    @Test
    void otherBytesThanTheChecksumsSayAreRefused() {
        assertThat(reads.read(11L * SIZE, buffers, 7)).isTrue();
        log.answer((byte) 3, false);
        assertThat(told).containsExactly("7 refused");
    }

    @Test
    void aPlaceWhoseBytesAndChecksumsHaveBothBeenReplacedIsRefused() {
        assertThat(reads.read(11L * SIZE, buffers, 7)).isTrue();
        oldestReadable += 2 * SIZE;
        log.answer((byte) 3, true);
        assertThat(told).containsExactly("7 refused");
    }

    @Test
    void nothingIsAnsweredWhileNothingMayBe() {
        mayAnswer = false;
        assertThat(reads.read(11L * SIZE, buffers, 7)).isTrue();
        log.answer((byte) 3, true);
        assertThat(told).containsExactly("7 refused");
        assertThat(reads.read(20L * SIZE, buffers, 8)).isFalse();
        assertThat(reads.read(30L * SIZE, buffers, 9)).isFalse();
    }

    @Test
    void theWindowAndGapsAreServedAtOnce() {
        MemorySegment.ofAddress(window.address((FIRST_BLOCK + 111) * SIZE))
                .reinterpret(2L * SIZE)
                .fill((byte) 5);
        assertThat(reads.read(21L * SIZE, buffers, 1)).isTrue();
        assertThat(guest.get(ValueLayout.JAVA_BYTE, 77)).isEqualTo((byte) 5);
        assertThat(reads.read(30L * SIZE, buffers, 2)).isTrue();
        assertThat(guest.get(ValueLayout.JAVA_BYTE, 77)).isZero();
        assertThat(told).containsExactly("1 served", "2 served");
    }

    @Test
    void whatLiesInSeveralExtentsIsRefused() {
        assertThat(reads.read(13L * SIZE, buffers, 1)).isFalse();
        assertThat(reads.read(9L * SIZE, buffers, 1)).isFalse();
        assertThat(reads.read(19L * SIZE, buffers, 1)).isFalse();
        assertThat(reads.read(23L * SIZE, buffers, 1)).isFalse();
        assertThat(told).isEmpty();
    }

    @Test
    void whatIsInTheStoreIsRefused() {
        map.put(40, 2, Location.inObject(3, 0));
        assertThat(reads.read(40L * SIZE, buffers, 1)).isFalse();
        assertThat(told).isEmpty();
    }

    @Test
    void oneMoreThanThereIsMemoryForIsRefused() {
        for (int i = 0; i < LaneReads.PIECES; i++) {
            assertThat(reads.read(10L * SIZE, buffers, i)).isTrue();
        }
        assertThat(reads.read(10L * SIZE, buffers, 99)).isFalse();
        while (!log.addresses.isEmpty()) {
            log.answer((byte) 1, true);
        }
        assertThat(told).hasSize(LaneReads.PIECES).allMatch(text -> text.endsWith("served"));
    }

    /** The writer goes round a window of 64 blocks as fast as it can, so that what is being copied is often overwritten. */
    @Test
    void whatIsOverwrittenWhileItIsCopiedIsRefused() throws InterruptedException {
        final Arena shared = Arena.ofShared();
        final LogWindow small = new LogWindow(GEOMETRY, 0, Mapping.reserve(GEOMETRY.windowLength(), shared));
        final LogChecksums crcs = new LogChecksums(GEOMETRY, shared);
        final long[] counts = new long[2];
        final Throwable[] failure = new Throwable[1];
        final AtomicBoolean isOver = new AtomicBoolean();
        try (ExtentMap changing = new ExtentMap()) {
            final Thread reader = new Thread(() -> {
                try (LaneReads lane = new LaneReads(
                        new ExtentMapReader(changing),
                        GEOMETRY,
                        small,
                        null,
                        crcs,
                        null,
                        null,
                        () -> 0,
                        () -> true,
                        (token, length, isServed) -> expectOneBlock(token))) {
                    for (int i = 0; !isOver.get(); i++) {
                        final int block = 2 * (i % RACED_PAIRS);
                        counts[lane.read((long) block * SIZE, buffers, block) ? 1 : 0]++;
                    }
                } catch (final Throwable e) {
                    failure[0] = e;
                }
            });
            reader.start();
            append(
                    new LogWriter(
                            GEOMETRY,
                            log,
                            small,
                            crcs,
                            new UUID(0, 0),
                            1,
                            1,
                            new Superblock.Tail(0, 1, 0),
                            0,
                            0,
                            new Ignoring()),
                    changing);
            isOver.set(true);
            reader.join();
        }
        shared.close();
        assertThat(failure[0]).isNull();
        assertThat(counts[0]).as("refused").isPositive();
        assertThat(counts[1]).as("served").isPositive();
    }

    private void append(final LogWriter writer, final ExtentMap changing) {
        final long endNs = System.nanoTime() + 1_500_000_000L;
        for (int i = 0; System.nanoTime() < endNs; i++) {
            final int block = 2 * (int) (i * 7L % RACED_PAIRS);
            writer.reusable(writer.endPosition());
            if (writer.reserve(2) == 2) {
                MemorySegment.ofAddress(writer.reservedAddress())
                        .reinterpret(2L * SIZE)
                        .fill((byte) (1 + block));
                changing.put(block, 2, Location.inLog(writer.commit(block, 2)));
            }
            writer.doWork();
            log.answerWrite();
        }
    }

    private void expectOneBlock(final long block) {
        final byte[] data = guest.asSlice(0, 2L * SIZE).toArray(ValueLayout.JAVA_BYTE);
        for (final byte value : data) {
            if (value != (byte) (1 + block) && value != 0) {
                throw new AssertionError("block " + block + " holds " + value);
            }
        }
    }

    /** A log that tells nobody. */
    private static final class Ignoring implements LogWriter.Listener {
        @Override
        public void onAcknowledged(final long token) {}

        @Override
        public void onFailed(final long token) {}

        @Override
        public void onSealed(
                final long end,
                final long sequence,
                final int crc,
                final boolean isNews,
                final boolean isNote,
                final int blocks) {}
    }

    /** A log whose reads are answered when they are told to be, with whatever there is then. */
    private final class HeldLog extends PartialLogDevice {
        private final List<long[]> addresses = new ArrayList<>();
        private Listener listener;
        private Listener writeListener;
        private long writeToken;
        private int writeLength;

        HeldLog() {
            super(GEOMETRY.fileLength());
        }

        void answerWrite() {
            if (writeLength > 0) {
                final int length = writeLength;
                writeLength = 0;
                writeListener.onCompletion(writeToken, length);
            }
        }

        void answer(final byte value, final boolean hasChecksums) {
            final long[] read = addresses.removeFirst();
            final MemorySegment target = MemorySegment.ofAddress(read[1]).reinterpret(read[2]);
            target.fill(value);
            for (int i = 0; i * SIZE < read[2] && hasChecksums; i++) {
                final long block = (read[0] - GEOMETRY.fileOffset(0)) / SIZE + i;
                checksums.set(block, Checksum.of(target.asSlice((long) i * SIZE, SIZE)));
            }
            listener.onCompletion(read[3], (int) read[2]);
        }

        @Override
        public Reader reader(final IoRing other, final Listener newListener) {
            listener = newListener;
            return new Reader() {
                @Override
                public void read(final long offset, final long address, final int length, final long token) {
                    addresses.add(new long[] {offset, address, length, token});
                }

                @Override
                public void close() {}
            };
        }

        @Override
        public int register(final Listener newListener) {
            writeListener = newListener;
            return 0;
        }

        @Override
        public void write(final long offset, final long address, final int length, final int to, final long token) {
            writeToken = token;
            writeLength = length;
        }
    }
}

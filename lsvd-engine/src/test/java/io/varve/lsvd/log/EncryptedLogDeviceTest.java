package io.varve.lsvd.log;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.varve.linux.IoRing;
import io.varve.linux.IoRings;
import io.varve.linux.Mapping;
import io.varve.linux.Memory;
import io.varve.lsvd.crypto.DataKey;
import io.varve.lsvd.crypto.SectorKey;
import io.varve.lsvd.format.LogSalt;
import io.varve.lsvd.format.Superblock;
import io.varve.testsupport.CompiledJvm;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class EncryptedLogDeviceTest {
    private static final UUID VOLUME = new UUID(1, 2);
    private static final int BLOCK = 4096;
    private static final int CHUNK = 128 << 10;
    private static final int CHUNKS = 64;
    private static final LogGeometry GEOMETRY = new LogGeometry(16L << 20, 1 << 20);
    private static final String STAMP = "readable stamp of a block";

    @TempDir
    private Path directory;

    private final DataKey dataKey = DataKey.random();
    private final byte[] salt = new byte[SectorKey.SALT_LENGTH];
    private final Mapping memory = allocate();

    private IoRing ring;
    private LogDevice device;

    private static Mapping allocate() {
        try {
            return Memory.allocate(32L << 20);
        } catch (final IOException e) {
            throw new AssertionError(e);
        }
    }

    @BeforeEach
    void open() throws IOException {
        ring = IoRings.open(256);
        device = new EncryptedLogDevice(
                logs().create(
                                GEOMETRY,
                                new Superblock(
                                        0,
                                        VOLUME,
                                        GEOMETRY.areaLength(),
                                        GEOMETRY.windowLength(),
                                        1,
                                        new Superblock.Tail(0, 1, 0),
                                        Superblock.Seen.NOTHING,
                                        List.of(new Superblock.EpochClaim(1, VOLUME)),
                                        LogSalt.NONE)),
                dataKey.logKey(VOLUME, salt));
    }

    private DirectoryLogStore logs() {
        return new DirectoryLogStore(directory, VOLUME, ring);
    }

    @AfterEach
    void close() {
        device.close();
        ring.close();
        memory.close();
        dataKey.close();
    }

    /** Waits for answers on the reactor's side. */
    private final class Answers implements LogDevice.Listener {
        private final List<Long> tokens = new ArrayList<>();
        private final List<Integer> results = new ArrayList<>();

        @Override
        public void onCompletion(final long token, final int result) {
            tokens.add(token);
            results.add(result);
        }

        void await(final int count) {
            while (tokens.size() < count) {
                ring.turn(1_000_000_000L);
            }
        }
    }

    @Test
    void whatIsWrittenIsReadBackInEveryWay() throws IOException {
        final Answers answers = new Answers();
        final int listener = device.register(answers);
        final int length = 3 * CHUNK + BLOCK;
        fill(0, length);
        device.write(Superblock.AREA_OFFSET + BLOCK, memory.address(), length, listener, 77);
        answers.await(1);
        device.sync(listener, 78);
        answers.await(2);
        final long target = memory.address() + (1 << 20);
        device.read(Superblock.AREA_OFFSET + 2L * BLOCK, target, length - BLOCK, listener, 79);
        answers.await(3);
        assertThat(answers.tokens).containsExactly(77L, 78L, 79L);
        assertThat(answers.results).containsExactly(length, 0, length - BLOCK);
        assertSame(BLOCK, target, length - BLOCK);
        final MemorySegment blocking = segment(2 << 20, length);
        device.readFully(Superblock.AREA_OFFSET + BLOCK, blocking);
        assertSame(0, blocking.address(), length);
        try (IoRing other = IoRings.open(16)) {
            final List<Integer> results = new ArrayList<>();
            final LogDevice.Reader reader = device.reader(other, (token, result) -> results.add(result + (int) token));
            reader.read(Superblock.AREA_OFFSET + BLOCK, target, length, 5);
            while (results.isEmpty()) {
                other.turn(1_000_000_000L);
            }
            assertThat(results).containsExactly(length + 5);
            assertSame(0, target, length);
            reader.close();
        }
    }

    @Test
    void blockingWritesAreReadByAnother() throws IOException {
        final int length = 2 * CHUNK + 3 * BLOCK;
        fill(0, length);
        device.writeFully(Superblock.AREA_OFFSET, segment(0, length));
        device.syncFully();
        device.close();
        device = new EncryptedLogDevice(logs().open(), dataKey.logKey(VOLUME, salt));
        // Superblocks and what is behind them by one read.
        final MemorySegment all = segment(1 << 20, Superblock.AREA_OFFSET + length);
        device.readFully(0, all);
        assertThat(Superblock.decode("it", all.asSlice(0, Superblock.LENGTH)).volume())
                .isEqualTo(VOLUME);
        assertSame(0, all.address() + Superblock.AREA_OFFSET, length);
    }

    @Test
    void anotherSaltOrKeyReadsNoise() throws IOException {
        fill(0, BLOCK);
        device.writeFully(Superblock.AREA_OFFSET, segment(0, BLOCK));
        device.close();
        final byte[] otherSalt = salt.clone();
        otherSalt[31] = 1;
        device = new EncryptedLogDevice(logs().open(), dataKey.logKey(VOLUME, otherSalt));
        final MemorySegment read = segment(1 << 20, BLOCK);
        device.readFully(Superblock.AREA_OFFSET, read);
        assertThat(read.mismatch(segment(0, BLOCK))).isNotEqualTo(-1);
    }

    @Test
    void nothingReadableIsInTheFile() throws IOException {
        final Answers answers = new Answers();
        final int listener = device.register(answers);
        final byte[] stamp = STAMP.getBytes(StandardCharsets.US_ASCII);
        for (int at = 0; at < 1 << 20; at += stamp.length) {
            Memory.copy(stamp, 0, memory.address() + at, stamp.length);
        }
        for (int i = 0; i < 8; i++) {
            device.write(GEOMETRY.fileOffset((long) i << 20), memory.address(), 1 << 20, listener, i);
        }
        answers.await(8);
        device.writeFully(GEOMETRY.fileOffset(8L << 20), segment(0, 1 << 20));
        device.syncFully();
        final String file = Files.readString(Path.of(logs().name()), StandardCharsets.ISO_8859_1);
        assertThat(file.contains("stamp")).isFalse();
        // Not even that blocks are the same shows: each 16 bytes of the first block are there once.
        final String block = file.substring(Superblock.AREA_OFFSET, Superblock.AREA_OFFSET + BLOCK);
        for (int at = 0; at < BLOCK; at += 16) {
            final String piece = block.substring(at, at + 16);
            assertThat(file.indexOf(piece)).isEqualTo(file.lastIndexOf(piece));
        }
    }

    /** What is written by the log's own writer is read by the log's own reader, and by nobody who has another key. */
    @Test
    void holdsALog() throws IOException {
        final long[] acknowledged = {0};
        final Superblock.Tail begin = new Superblock.Tail(0, 1, 0);
        try (Arena arena = Arena.ofConfined()) {
            final LogWindow window = new LogWindow(GEOMETRY, 0, Mapping.reserve(GEOMETRY.windowLength(), arena));
            final LogWriter log = new LogWriter(
                    GEOMETRY,
                    device,
                    window,
                    new LogChecksums(GEOMETRY, arena),
                    VOLUME,
                    1,
                    1,
                    begin,
                    0,
                    0,
                    new LogWriter.Listener() {
                        @Override
                        public void onAcknowledged(final long token) {
                            acknowledged[0] = token;
                        }

                        @Override
                        public void onFailed(final long token) {
                            throw new AssertionError("the log has failed");
                        }

                        @Override
                        public void onSealed(
                                final long end,
                                final long sequence,
                                final int crc,
                                final boolean isNews,
                                final boolean isNote,
                                final int blocks) {}
                    });
            for (int i = 1; i <= 500; i++) {
                while (log.room() < 1) {
                    log.doWork();
                    ring.turn(1_000_000_000L);
                }
                log.reserve(1);
                Memory.fill(log.reservedAddress(), BLOCK, (byte) i);
                log.commit(i, 1);
                log.acknowledge(i, false);
            }
            while (acknowledged[0] < 500) {
                log.doWork();
                ring.turn(1_000_000_000L);
            }
            final Superblock.Tail end = log.end();
            assertThat(endOf(device, begin)).isEqualTo(end);
            device.close();
            device = new EncryptedLogDevice(logs().open(), dataKey.logKey(VOLUME, salt));
            assertThat(endOf(device, begin)).isEqualTo(end);
            device.close();
            try (DataKey wrong = DataKey.random()) {
                device = new EncryptedLogDevice(logs().open(), wrong.logKey(VOLUME, salt));
                assertThat(endOf(device, begin)).isEqualTo(begin);
            }
        }
    }

    private static Superblock.Tail endOf(final LogDevice device, final Superblock.Tail from) throws IOException {
        try (LogReader reader = new LogReader(new DeviceLogSource(GEOMETRY, device, null), VOLUME)) {
            reader.begin(from, from.position() + GEOMETRY.areaLength());
            while (reader.next()) {
                // To the end.
            }
            return reader.end();
        }
    }

    /** More than there are chunks for: all of it is done, in the order in which it was asked for. */
    @Test
    void whatFindsNoChunkWaitsInOrder() {
        final Disk disk = new Disk();
        try (DataKey own = DataKey.random()) {
            final EncryptedLogDevice over = new EncryptedLogDevice(disk, own.logKey(VOLUME, salt));
            final Answers answers = new Answers();
            final int listener = over.register(answers);
            over.write(at(0), memory.address(), (CHUNKS - 1) * CHUNK, listener, 1);
            over.write(at(100), memory.address(), 3 * CHUNK, listener, 2);
            over.write(at(200), memory.address(), BLOCK, listener, 3);
            assertThat(disk.asked).hasSize(CHUNKS);
            assertThat(disk.asked.getLast().offset).isEqualTo(at(100));
            // A superblock needs no chunk, and neither does a read.
            over.write(BLOCK, memory.address(), BLOCK, listener, 4);
            disk.answerLast(BLOCK);
            assertThat(answers.tokens).containsExactly(4L);
            over.read(at(300), memory.address() + (1 << 20), BLOCK, listener, 5);
            disk.answerLast(BLOCK);
            assertThat(answers.tokens).containsExactly(4L, 5L);
            for (int i = 0; i < CHUNKS - 1; i++) {
                disk.answerFirst();
            }
            assertThat(answers.tokens).containsExactly(4L, 5L, 1L);
            final List<Long> offsets =
                    disk.asked.stream().map(asked -> asked.offset).toList();
            assertThat(offsets).containsExactly(at(100), at(101), at(102), at(200));
            while (!disk.asked.isEmpty()) {
                disk.answerFirst();
            }
            assertThat(answers.tokens).containsExactly(4L, 5L, 1L, 2L, 3L);
            assertThat(answers.results).containsExactly(BLOCK, BLOCK, (CHUNKS - 1) * CHUNK, 3 * CHUNK, BLOCK);
            over.close();
        }
        assertThat(disk.isClosed).isTrue();
    }

    @Test
    void aPartThatFailsFailsTheWrite() {
        final Disk disk = new Disk();
        try (DataKey own = DataKey.random()) {
            final EncryptedLogDevice over = new EncryptedLogDevice(disk, own.logKey(VOLUME, salt));
            final Answers answers = new Answers();
            final int listener = over.register(answers);
            over.write(at(0), memory.address(), 3 * CHUNK, listener, 1);
            disk.answerFirst();
            disk.answerLast(-28);
            disk.answerFirst();
            over.write(at(0), memory.address(), 3 * CHUNK, listener, 2);
            disk.answerLast(BLOCK);
            disk.answerFirst();
            disk.answerFirst();
            over.read(at(0), memory.address(), 3 * CHUNK, listener, 3);
            disk.answerLast(-5);
            over.read(at(0), memory.address(), 3 * CHUNK, listener, 4);
            disk.answerLast(BLOCK + 100);
            over.sync(listener, 5);
            disk.answerLast(-5);
            assertThat(answers.tokens).containsExactly(1L, 2L, 3L, 4L, 5L);
            assertThat(answers.results).containsExactly(-28, 2 * CHUNK + BLOCK, -5, BLOCK + 100, -5);
            over.close();
        }
    }

    /** In any order of answers, each write is told once, and its chunks come back. */
    @Test
    void answersComeInAnyOrder() {
        final Random random = new Random(5);
        final Disk disk = new Disk();
        try (DataKey own = DataKey.random()) {
            final EncryptedLogDevice over = new EncryptedLogDevice(disk, own.logKey(VOLUME, salt));
            final Answers answers = new Answers();
            final int listener = over.register(answers);
            for (int i = 0; i < 200; i++) {
                over.write(at(i), memory.address(), BLOCK * (1 + random.nextInt(300)), listener, i);
                while (disk.asked.size() > random.nextInt(CHUNKS + 1)) {
                    disk.answerAny(random);
                }
            }
            while (!disk.asked.isEmpty()) {
                disk.answerAny(random);
            }
            assertThat(answers.tokens).hasSize(200).doesNotHaveDuplicates();
            assertThat(answers.results).allMatch(result -> result > 0);
            over.close();
        }
    }

    private static long at(final long chunk) {
        return Superblock.AREA_OFFSET + chunk * CHUNK;
    }

    /** A disk whose answers a test gives. */
    private static final class Disk extends PartialLogDevice {
        private record Asked(long offset, int length, int listener, long token) {}

        private final List<Listener> listeners = new ArrayList<>();
        private final List<Asked> asked = new ArrayList<>();
        private boolean isClosed;

        Disk() {
            super(1L << 40);
        }

        @Override
        public int register(final Listener listener) {
            listeners.add(listener);
            return listeners.size() - 1;
        }

        @Override
        public void write(final long offset, final long address, final int size, final int listener, final long token) {
            asked.add(new Asked(offset, size, listener, token));
        }

        @Override
        public void read(final long offset, final long address, final int size, final int listener, final long token) {
            asked.add(new Asked(offset, size, listener, token));
        }

        @Override
        public void sync(final int listener, final long token) {
            asked.add(new Asked(0, 0, listener, token));
        }

        @Override
        public void close() {
            isClosed = true;
        }

        void answerFirst() {
            final Asked first = asked.removeFirst();
            answer(first, first.length);
        }

        void answerLast(final int result) {
            answer(asked.removeLast(), result);
        }

        void answerAny(final Random random) {
            Collections.swap(asked, 0, random.nextInt(asked.size()));
            answerFirst();
        }

        private void answer(final Asked what, final int result) {
            listeners.get(what.listener).onCompletion(what.token, result);
        }
    }

    @Test
    void allocatesNothing() throws Exception {
        assertThat(CompiledJvm.run(Load.class)[0]).isEqualTo("0");
    }

    /** Run in a JVM of its own by the test. */
    static final class Load {
        private Load() {}

        /** Prints the least that some rounds of writes, reads and syncs allocate. */
        public static void main(final String[] args) throws IOException {
            final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
            long least = Long.MAX_VALUE;
            try (DataKey key = DataKey.random();
                    Mapping memory = Memory.allocate(1 << 20)) {
                final Echo echo = new Echo();
                final EncryptedLogDevice device =
                        new EncryptedLogDevice(echo, key.logKey(VOLUME, new byte[SectorKey.SALT_LENGTH]));
                final int listener = device.register((token, result) -> {});
                for (int round = 0; round < 60 && least > 0; round++) {
                    final long before = threads.getCurrentThreadAllocatedBytes();
                    for (int i = 0; i < 1000; i++) {
                        for (int j = 1; j < 10; j++) {
                            device.write(at(i), memory.address(), j * BLOCK, listener, j);
                            device.read(at(i), memory.address(), j * BLOCK, listener, j);
                        }
                        device.sync(listener, i);
                        echo.answer();
                    }
                    least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
                }
            }
            System.out.println(least);
        }
    }

    /** Answers all at once, and allocates nothing itself. */
    private static final class Echo extends PartialLogDevice {
        private final Listener[] listeners = new Listener[8];
        private final long[] tokens = new long[64];
        private final int[] whom = new int[64];
        private final int[] lengths = new int[64];
        private int registered;
        private int asked;

        Echo() {
            super(1L << 40);
        }

        @Override
        public int register(final Listener listener) {
            listeners[registered] = listener;
            return registered++;
        }

        @Override
        public void write(final long offset, final long address, final int size, final int listener, final long token) {
            read(offset, address, size, listener, token);
        }

        @Override
        public void read(final long offset, final long address, final int size, final int listener, final long token) {
            tokens[asked] = token;
            whom[asked] = listener;
            lengths[asked++] = size;
        }

        @Override
        public void sync(final int listener, final long token) {
            read(0, 0, 0, listener, token);
        }

        void answer() {
            for (int i = 0; i < asked; i++) {
                listeners[whom[i]].onCompletion(tokens[i], lengths[i]);
            }
            asked = 0;
        }
    }

    private void fill(final int from, final int length) {
        for (int at = from; at < from + length; at += 8) {
            Memory.putLong(memory.address() + at, at * 0x9e3779b97f4a7c15L + 1);
        }
    }

    private void assertSame(final int from, final long address, final int length) {
        assertThat(MemorySegment.ofAddress(address).reinterpret(length).mismatch(segment(from, length)))
                .isEqualTo(-1);
    }

    private MemorySegment segment(final int from, final int length) {
        return MemorySegment.ofAddress(memory.address() + from).reinterpret(length);
    }
}

package io.varve.testsupport;

import static io.varve.testsupport.FrontEndChannel.payload;
import static io.varve.testsupport.FrontEndChannel.ringState;
import static io.varve.testsupport.FrontEndChannel.u64;
import static org.assertj.core.api.Assertions.assertThat;

import io.varve.block.CloseReason;
import io.varve.linux.FdStat;
import io.varve.linux.Mapping;
import io.varve.linux.MemFd;
import io.varve.linux.Memory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Back-ends that die with requests in flight, and what the next one finds noted of them. */
@Timeout(180)
class InflightTest {
    @TempDir
    private Path directory;

    /** Killed at any instruction. The load fails on any head that comes back twice and on any block that is not what it should be. */
    @ParameterizedTest
    @CsvSource({"false, 1, 1, true", "false, 4, 2, false", "true, 1, 3, true", "true, 4, 4, false"})
    void losesNothingWhenTheBackEndIsKilled(
            final boolean packed, final int queues, final long seed, final boolean indirect) throws Exception {
        final Random random = new Random(seed);
        final Path socketPath = directory.resolve("disk.sock");
        final Path image = directory.resolve("image");
        final FrontEndOptions options = FrontEndOptions.DEFAULT
                .withQueues(queues, 64)
                .withPacked(packed)
                .withIndirect(indirect);
        DiskProcess disk = DiskProcess.start(socketPath, image, seed);
        try (FrontEnd frontEnd = FrontEnd.started(socketPath, options)) {
            final LoadGenerator load = new LoadGenerator(frontEnd, 2000, 4096, 15 * queues, seed).flushEvery(20);
            for (int i = 0; i < 5; i++) {
                final DiskProcess victim = disk;
                final long delayNs = (long) (1e6 * Math.pow(300, random.nextDouble()));
                final Thread killer = Thread.ofPlatform().start(() -> {
                    sleep(delayNs);
                    victim.kill();
                });
                load.runUntil(() -> !killer.isAlive());
                disk = DiskProcess.start(socketPath, image, seed + 100 + i);
                frontEnd.reconnect();
            }
            load.drain();
            load.run(1000);
            load.verifyAll(frontEnd);
        } finally {
            disk.close();
        }
    }

    private static void sleep(final long ns) {
        try {
            TimeUnit.NANOSECONDS.sleep(ns);
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void makesMemoryThatCanNotShrink() throws IOException {
        try (ServedDisk disk = new ServedDisk(directory);
                FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT.withQueues(3, 64))) {
            assertThat(frontEnd.inflightSize()).isEqualTo(3 * (16 + 1024 * 16 + 48));
            assertThat(FdStat.of(frontEnd.inflightFd()).size()).isEqualTo(frontEnd.inflightSize());
            assertThat(MemFd.seals(frontEnd.inflightFd()))
                    .isEqualTo(MemFd.F_SEAL_SHRINK | MemFd.F_SEAL_GROW | MemFd.F_SEAL_SEAL);

            final ByteBuffer unpadded = frontEnd.inflight(0, 0).limit(20);
            assertThat(frontEnd.channel().call(31, unpadded).remaining()).isEqualTo(20);
        }
    }

    /**
     * What is left over is done first and in its order, whatever SET_VRING_BASE says; and the driver is called even where there
     * is nothing.
     */
    @Test
    void doesFirstWhatWasInFlight() throws IOException {
        try (ServedDisk disk = new ServedDisk(directory);
                FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT)) {
            new LoadGenerator(frontEnd, 100, 512, 20, 1).run(100);
            frontEnd.stop();
            final int left = 5;
            for (int i = 0; i <= left; i++) {
                frontEnd.queue(0).submit(BlkRequest.write(0, block(i + 1)), Framing.USUAL);
            }
            frontEnd.queue(0).publish();
            noteInFlight(frontEnd, left);

            restart(frontEnd, 12345);

            for (int i = 0; i <= left; i++) {
                assertThat(frontEnd.await(0).status()).isEqualTo(BlkRequest.OK);
            }
            assertThat(disk.device.contents(0, 512)).isEqualTo(block(left + 1));
            assertThat(frontEnd.stopQueue(0)).isEqualTo(100 + left + 1);
            assertThat(disk.reactor.<Long>call(disk.device::writes)).isGreaterThan(left);
        }
    }

    /** Notes the first requests in the available ring as taken, in the opposite order, as a back-end that died could have. */
    private static void noteInFlight(final FrontEnd frontEnd, final int count) throws IOException {
        final SplitDriverQueue queue = frontEnd.splitQueue(0);
        try (Mapping notes = Mapping.ofFile(frontEnd.inflightFd(), 0, frontEnd.inflightSize())) {
            for (int i = 0; i < count; i++) {
                final int position = queue.usedIndex() + i & queue.size() - 1;
                final int head = frontEnd.ram().getShort(queue.available() + 4 + 2L * position);
                Memory.putByte(notes.address() + 16 + 16L * head, (byte) 1);
                Memory.putLong(notes.address() + 16 + 16L * head + 8, 1000 - i);
            }
        }
    }

    private static void restart(final FrontEnd frontEnd, final int base) throws IOException {
        frontEnd.channel().send(2, u64(frontEnd.features()));
        frontEnd.sendInflight();
        frontEnd.channel().send(8, ringState(0, frontEnd.queue(0).size()));
        frontEnd.channel().send(10, ringState(0, base));
        frontEnd.sendAddresses(0);
        frontEnd.sendKick(0);
        frontEnd.channel().send(18, ringState(0, 1));
    }

    @Test
    void keepsTheOrderInWhichRequestsWereTaken() throws IOException {
        try (ServedDisk disk = new ServedDisk(directory);
                FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT)) {
            frontEnd.stop();
            for (int i = 0; i < 5; i++) {
                frontEnd.queue(0).submit(BlkRequest.write(0, block(i + 1)), Framing.USUAL);
            }
            frontEnd.queue(0).publish();
            noteInFlight(frontEnd, 5);

            frontEnd.start();

            for (int i = 0; i < 5; i++) {
                assertThat(frontEnd.await(0).status()).isEqualTo(BlkRequest.OK);
            }
            assertThat(disk.device.contents(0, 512)).isEqualTo(block(1));
        }
    }

    @Test
    void callsTheDriverWhenARingStarts() throws IOException {
        try (ServedDisk disk = new ServedDisk(directory);
                FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT)) {
            final long deadlineNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
            assertThat(frontEnd.awaitCall(deadlineNs)).isTrue();
            frontEnd.disconnect();
            disk.awaitClosed(CloseReason.DISCONNECTED);
            frontEnd.reconnect();
            assertThat(frontEnd.awaitCall(deadlineNs)).isTrue();
        }
    }

    /** What a session still has when its front-end goes is noted, and done by the next. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void losesNothingWhenOnlyTheConnectionBreaks(final boolean packed) throws IOException {
        try (ServedDisk disk = new ServedDisk(directory)) {
            disk.reactor.run(() -> disk.device.delayed(new Random(2)));
            try (FrontEnd frontEnd = FrontEnd.started(
                    disk.socketPath, FrontEndOptions.DEFAULT.withQueues(2, 64).withPacked(packed))) {
                final LoadGenerator load = new LoadGenerator(frontEnd, 1000, 4096, 40, 1);
                for (int i = 0; i < 50; i++) {
                    load.run(50);
                    load.fill();
                    // Without waiting for the old session.
                    frontEnd.reconnect();
                }
                load.drain();
                load.verifyAll(frontEnd);
            }
        }
    }

    @Test
    void beginsAnewAfterAReset() throws IOException {
        try (ServedDisk disk = new ServedDisk(directory);
                FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT)) {
            final LoadGenerator load = new LoadGenerator(frontEnd, 100, 512, 20, 1);
            load.run(77);
            frontEnd.stop();
            frontEnd.channel().send(34, payload(0));
            frontEnd.resetQueue(0);
            frontEnd.start();
            load.run(50);
            assertThat(frontEnd.stopQueue(0)).isEqualTo(50);
        }
    }

    @Test
    void refusesNotesThatAreNotOfTheRing() throws IOException {
        try (ServedDisk disk = new ServedDisk(directory);
                FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT)) {
            frontEnd.stop();
            noteInFlight(frontEnd, 1);
            try (Mapping notes = Mapping.ofFile(frontEnd.inflightFd(), 0, frontEnd.inflightSize())) {
                Memory.putShort(notes.address() + 14, (short) 0x7000);
            }
            restart(frontEnd, 0);
            disk.awaitClosed(CloseReason.PROTOCOL_ERROR);
        }
    }

    @Test
    void refusesMemoryThatHasNoPlaceForTheRing() throws IOException {
        try (ServedDisk disk = new ServedDisk(directory);
                FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT.withQueues(2, 64))) {
            frontEnd.stop();
            final ByteBuffer forOne =
                    frontEnd.inflight(frontEnd.inflightSize(), 0).putShort(16, (short) 1);
            assertThat(frontEnd.channel().acknowledged(32, forOne, frontEnd.inflightFd()))
                    .isZero();
            frontEnd.startQueue(0);
            frontEnd.startQueue(1);
            disk.awaitClosed(CloseReason.PROTOCOL_ERROR);
        }
    }

    /** Firmware under QEMU 10 makes rings larger than the front-end announces. */
    @Test
    void hasRoomForLargerRingsThanAnnounced() throws IOException {
        try (ServedDisk disk = new ServedDisk(directory);
                FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT.withQueues(2, 1024))) {
            frontEnd.stop();
            frontEnd.channel().send(2, u64(frontEnd.features()));
            final ByteBuffer forSmaller =
                    frontEnd.inflight(frontEnd.inflightSize(), 0).putShort(18, (short) 128);
            assertThat(frontEnd.channel().acknowledged(32, forSmaller, frontEnd.inflightFd()))
                    .isZero();
            for (int i = 0; i < 2; i++) {
                frontEnd.startQueue(i);
                frontEnd.channel().send(18, ringState(i, 1));
            }
            new LoadGenerator(frontEnd, 1000, 512, 500, 1).run(5000);
        }
    }

    @Test
    void endsTheSessionWhenTheMemoryIsTakenAway() throws IOException {
        try (ServedDisk disk = new ServedDisk(directory);
                MemFd notes = MemFd.create("guest-notes", 32 << 10);
                FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT)) {
            frontEnd.stop();
            frontEnd.channel().send(32, frontEnd.inflight(32 << 10, 0), notes.fd());
            frontEnd.channel().send(8, ringState(0, 128));
            frontEnd.sendAddresses(0);
            frontEnd.sendKick(0);
            frontEnd.channel().send(18, ringState(0, 1));
            assertThat(frontEnd.run(BlkRequest.flush()).status()).isEqualTo(BlkRequest.OK);
            notes.resize(0);
            frontEnd.queue(0).submit(BlkRequest.flush(), Framing.USUAL);
            frontEnd.queue(0).publish();
            disk.awaitClosed(CloseReason.MEMORY_FAULT);
            assertThat(ServedDisk.guestMappings()).isEqualTo(3);
        }
    }

    private static byte[] block(final int value) {
        final byte[] result = new byte[512];
        Arrays.fill(result, (byte) value);
        return result;
    }
}

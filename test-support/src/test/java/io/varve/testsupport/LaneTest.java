package io.varve.testsupport;

import static io.varve.testsupport.FrontEndChannel.payload;
import static io.varve.testsupport.FrontEndChannel.ringState;
import static io.varve.testsupport.FrontEndChannel.u64;
import static org.assertj.core.api.Assertions.assertThat;

import io.varve.block.CloseReason;
import io.varve.linux.EventFd;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Rings that lanes serve beside the reactor. The load fails on whatever is older than what was acknowledged on any queue. */
@Timeout(120)
class LaneTest {
    private static final int GET_VRING_BASE = 11;
    private static final int SET_VRING_CALL = 13;
    private static final int GET_QUEUE_NUM = 17;

    @TempDir
    private Path directory;

    @ParameterizedTest
    @CsvSource({
        "2, 1, false, true, true",
        "4, 1, false, false, true",
        "4, 3, false, true, false",
        "2, 8, true, true, true",
        "4, 2, true, false, false",
        "3, 3, true, true, true"
    })
    void carryLoad(
            final int queues, final int lanes, final boolean packed, final boolean indirect, final boolean eventIndex)
            throws IOException {
        final FrontEndOptions options = FrontEndOptions.DEFAULT
                .withQueues(queues, 64)
                .withPacked(packed)
                .withIndirect(indirect)
                .withEventIndex(eventIndex);
        try (ServedDisk disk = ServedDisk.withLanes(directory, lanes);
                FrontEnd frontEnd = FrontEnd.started(disk.socketPath, options)) {
            final LoadGenerator load = new LoadGenerator(frontEnd, 200, 4096, 30 * queues, 3).flushEvery(50);
            load.run(10_000);
            disk.reactor.run(() -> disk.device.delayed(new Random(5)));
            load.run(5_000);
            disk.reactor.run(() -> disk.device.delayed(null));
            load.run(5_000);
            load.verifyAll(frontEnd);
            assertThat(disk.reactor.servedByLanes()).isGreaterThan(1000);
        }
    }

    @Test
    void wakeUpFromTheirSleep() throws IOException, InterruptedException {
        try (ServedDisk disk = ServedDisk.withLanes(directory, 1);
                FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT.withQueues(2, 64))) {
            final long beginNs = System.nanoTime();
            for (int i = 0; i < 200; i++) {
                Thread.sleep(1);
                assertThat(frontEnd.run(1, BlkRequest.read(i * 512L, 512), Framing.USUAL)
                                .status())
                        .isEqualTo(BlkRequest.OK);
                assertThat(frontEnd.run(1, BlkRequest.write(i * 512L, new byte[512]), Framing.USUAL)
                                .status())
                        .isEqualTo(BlkRequest.OK);
            }
            // Whoever sleeps without a notification does so for a second.
            assertThat(System.nanoTime() - beginNs).isLessThan(3_000_000_000L);
        }
    }

    @Test
    void areNotStartedForAFrontEndWithOneQueue() throws IOException {
        try (ServedDisk disk = ServedDisk.withLanes(directory, 3);
                FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT)) {
            new LoadGenerator(frontEnd, 1000, 4096, 64, 1).run(1000);
            assertThat(Thread.getAllStackTraces().keySet()).noneMatch(thread -> "lane".equals(thread.getName()));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void restWhileMessagesTouchTheirRings(final boolean packed) throws IOException {
        final FrontEndOptions options =
                FrontEndOptions.DEFAULT.withQueues(4, 64).withPacked(packed).withMemorySlots(false);
        try (ServedDisk disk = ServedDisk.withLanes(directory, 2);
                FrontEnd frontEnd = FrontEnd.started(disk.socketPath, options);
                DirtyBitmap bitmap = DirtyBitmap.of(frontEnd.ram())) {
            final LoadGenerator load = new LoadGenerator(frontEnd, 1000, 4096, 100, 1).flushEvery(30);
            for (int i = 0; i < 40; i++) {
                load.run(300);
                load.fill();
                switch (i % 5) {
                    case 0 -> frontEnd.sendMemory();
                    case 1 -> {
                        frontEnd.startLogging(bitmap);
                        load.run(50);
                        load.fill();
                        frontEnd.stopLogging();
                    }
                    case 2 -> {
                        frontEnd.stop();
                        frontEnd.start();
                    }
                    case 3 -> {
                        for (int ring = 0; ring < 4; ring++) {
                            frontEnd.sendKick(ring);
                            frontEnd.sendAddresses(ring);
                        }
                    }
                    default -> frontEnd.getConfig(0, 8);
                }
            }
            load.drain();
            load.verifyAll(frontEnd);
            assertThat(disk.reactor.servedByLanes()).isGreaterThan(1000);
        }
    }

    /** One thread marks pages. */
    @Test
    void restDuringAMigration() throws IOException {
        try (ServedDisk disk = ServedDisk.withLanes(directory, 1);
                FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT.withQueues(2, 64));
                DirtyBitmap bitmap = DirtyBitmap.of(frontEnd.ram())) {
            final LoadGenerator load = new LoadGenerator(frontEnd, 1000, 4096, 50, 1).writePercent(0);
            load.run(500);
            frontEnd.startLogging(bitmap);
            frontEnd.getConfig(0, 8);
            final long before = disk.reactor.servedByLanes();
            load.run(500);
            assertThat(disk.reactor.servedByLanes()).isEqualTo(before);
            frontEnd.stopLogging();
            frontEnd.getConfig(0, 8);
            load.run(500);
            assertThat(disk.reactor.servedByLanes()).isGreaterThan(before);
        }
    }

    @Test
    void loseNothingWhenTheFrontEndReconnects() throws IOException {
        try (ServedDisk disk = ServedDisk.withLanes(directory, 2);
                FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT.withQueues(3, 64))) {
            final LoadGenerator load = new LoadGenerator(frontEnd, 1000, 4096, 90, 1);
            for (int i = 0; i < 30; i++) {
                load.run(200);
                load.fill();
                frontEnd.disconnect();
                disk.awaitClosed(CloseReason.DISCONNECTED);
                frontEnd.reconnect();
            }
            load.drain();
            load.verifyAll(frontEnd);
        }
        assertThat(ServedDisk.guestMappings()).isZero();
    }

    /** What hangs in the device holds up nothing but what has to wait for it. */
    @Test
    void giveTheirRingsBackWhileTheDeviceHangs() throws IOException {
        try (ServedDisk disk = ServedDisk.withLanes(directory, 1);
                FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT.withQueues(2, 64));
                EventFd call = EventFd.create()) {
            final LoadGenerator load = new LoadGenerator(frontEnd, 1000, 4096, 60, 1);
            load.run(1000);
            disk.reactor.run(() -> disk.device.hold(true));
            load.fill();
            while (disk.reactor.<Integer>call(disk.device::pendingCount) < 60) {
                Thread.onSpinWait();
            }
            final FrontEndChannel channel = frontEnd.channel();
            channel.acknowledged(SET_VRING_CALL, u64(1), call.fd());
            channel.send(GET_VRING_BASE, ringState(1, 0));
            channel.send(GET_QUEUE_NUM, payload(0));
            assertThat(channel.awaitReadable(50)).as("answered too early").isFalse();

            disk.reactor.run(() -> disk.device.hold(false));
            channel.reply(GET_VRING_BASE);
            channel.reply(GET_QUEUE_NUM);
            load.drain();
        }
    }

    @Test
    void endTheSessionWhenMemoryIsTakenAway() throws IOException {
        try (ServedDisk disk = ServedDisk.withLanes(directory, 1)) {
            for (int i = 0; i < 5; i++) {
                try (FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT.withQueues(2, 64))) {
                    assertThat(frontEnd.run(1, BlkRequest.read(0, 512), Framing.USUAL)
                                    .status())
                            .isEqualTo(BlkRequest.OK);
                    for (final GuestRam.Region region : frontEnd.ram().regions()) {
                        region.file().resize(0);
                    }
                    disk.awaitClosed(CloseReason.MEMORY_FAULT);
                }
            }
            assertThat(ServedDisk.guestMappings()).isZero();
        }
    }

    @Test
    void bringABrokenRingHomeAndServeTheOthers() throws IOException {
        try (ServedDisk disk = ServedDisk.withLanes(directory, 1);
                FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT.withQueues(4, 64))) {
            frontEnd.splitQueue(1).putAvailable(64);
            frontEnd.queue(1).publish();
            while (frontEnd.err(1).drain() == 0) {
                Thread.onSpinWait();
            }
            for (final int ring : new int[] {0, 2, 3}) {
                assertThat(frontEnd.run(ring, BlkRequest.read(0, 512), Framing.USUAL)
                                .status())
                        .isEqualTo(BlkRequest.OK);
            }
        }
    }
}

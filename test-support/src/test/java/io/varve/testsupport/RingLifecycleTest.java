package io.varve.testsupport;

import static io.varve.testsupport.FrontEndChannel.ringState;
import static io.varve.testsupport.FrontEndChannel.u64;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Rings that start, stop and move while there is load. */
@Timeout(120)
class RingLifecycleTest {
    private static final int NO_FD = 0x100;

    @TempDir
    private Path directory;

    private ServedDisk disk;

    @BeforeEach
    void serve() throws IOException {
        disk = new ServedDisk(directory);
    }

    @AfterEach
    void stopServing() {
        disk.close();
    }

    @ParameterizedTest
    @CsvSource({
        "false, 1, 128, 128, true, true",
        "false, 2, 128, 128, true, false",
        "false, 8, 64, 256, true, true",
        "false, 1, 256, 60, false, true",
        "false, 2, 64, 30, false, false",
        "true, 1, 128, 128, true, true",
        "true, 2, 128, 128, true, false",
        "true, 8, 64, 256, true, true",
        "true, 1, 256, 60, false, true",
        "true, 2, 64, 30, false, false",
        "true, 1, 1, 1, true, true"
    })
    void carriesLoad(
            final boolean packed,
            final int queues,
            final int size,
            final int depth,
            final boolean indirect,
            final boolean eventIndex)
            throws IOException {
        disk.reactor.run(() -> disk.device.delayed(new Random(5)));
        final FrontEndOptions options = FrontEndOptions.DEFAULT
                .withQueues(queues, size)
                .withPacked(packed)
                .withIndirect(indirect)
                .withEventIndex(eventIndex);
        try (FrontEnd frontEnd = FrontEnd.started(disk.socketPath, options)) {
            final LoadGenerator load = new LoadGenerator(frontEnd, 2000, 4096, depth, 3).flushEvery(50);
            load.run(30_000);
            load.verifyAll(frontEnd);
            assertThat(load.readLatencyNs().getTotalCount()
                            + load.writeLatencyNs().getTotalCount())
                    .isEqualTo(30_000 - 30_000 / 50);
        }
    }

    @ParameterizedTest
    @CsvSource({"false, true", "false, false", "true, true", "true, false"})
    void goesOnWhenIndicesWrap(final boolean packed, final boolean eventIndex) throws IOException {
        final FrontEndOptions options =
                FrontEndOptions.DEFAULT.withEventIndex(eventIndex).withPacked(packed);
        try (FrontEnd frontEnd = new FrontEnd(disk.socketPath, options)) {
            frontEnd.queue(0).resetTo(0xffff - 200);
            frontEnd.connect();
            frontEnd.start();
            // One at a time, each relying on its kick and its call.
            for (int i = 0; i < 1000; i++) {
                assertThat(frontEnd.run(BlkRequest.read(i * 512L, 512)).status())
                        .isEqualTo(BlkRequest.OK);
            }
            if (!packed) {
                assertThat(frontEnd.splitQueue(0).usedIndex()).isEqualTo(1000 - 201);
            }
            new LoadGenerator(frontEnd, 1000, 4096, 100, 9).run(70_000);
        }
    }

    @Test
    void stopsWhenNothingIsInFlight() throws IOException {
        try (FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT)) {
            disk.reactor.run(() -> disk.device.hold(true));
            final LoadGenerator load = new LoadGenerator(frontEnd, 1000, 4096, 32, 1);
            load.fill();
            awaitPending(32);
            final FrontEndChannel channel = frontEnd.channel();
            channel.send(11, ringState(0, 0));
            channel.send(17, FrontEndChannel.payload(0));

            assertThat(channel.awaitReadable(50)).as("answered too early").isFalse();
            assertThat(frontEnd.splitQueue(0).usedIndex()).isZero();
            disk.reactor.run(() -> disk.device.hold(false));

            assertThat(channel.reply(11).getInt(4)).isEqualTo(32);
            assertThat(frontEnd.splitQueue(0).usedIndex()).isEqualTo(32);
            assertThat(channel.reply(17).getLong()).isEqualTo(256);
            load.drain();
        }
    }

    private void awaitPending(final int count) {
        while (disk.reactor.<Integer>call(disk.device::pendingCount) < count) {
            Thread.onSpinWait();
        }
    }

    @Test
    void leavesBuffersOfAStoppedRingForLater() throws IOException {
        try (FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT.withQueues(2, 64))) {
            frontEnd.run(0, BlkRequest.read(0, 512), Framing.USUAL);
            frontEnd.stop();
            disk.awaitEvent("stopped");
            final LoadGenerator load = new LoadGenerator(frontEnd, 1000, 4096, 40, 1);
            load.fill();

            frontEnd.start();
            load.drain();

            load.run(1000);
            assertThat(frontEnd.stopQueue(0) + frontEnd.stopQueue(1)).isEqualTo(1 + (int) load.submitted());
        }
    }

    @ParameterizedTest
    @CsvSource({"false, true", "false, false", "true, true", "true, false"})
    void stopsAndStartsUnderLoad(final boolean packed, final boolean inflight) throws IOException {
        disk.reactor.run(() -> disk.device.delayed(new Random(2)));
        final FrontEndOptions options =
                FrontEndOptions.DEFAULT.withQueues(2, 64).withPacked(packed).withInflight(inflight);
        try (FrontEnd frontEnd = FrontEnd.started(disk.socketPath, options)) {
            final LoadGenerator load = new LoadGenerator(frontEnd, 1000, 4096, 64, 1);
            for (int i = 0; i < 50; i++) {
                load.run(200);
                load.fill();
                frontEnd.stop();
                frontEnd.start();
            }
            load.drain();
            load.verifyAll(frontEnd);
        }
    }

    @Test
    void looksAgainWhenARingIsEnabled() throws IOException {
        try (FrontEnd frontEnd = new FrontEnd(disk.socketPath, FrontEndOptions.DEFAULT)) {
            frontEnd.connect();
            frontEnd.channel().send(2, u64(frontEnd.features()));
            frontEnd.sendMemory();
            frontEnd.startQueue(0);
            final BlkRequest request = BlkRequest.read(0, 512);
            frontEnd.queue(0).submit(request, Framing.USUAL);
            frontEnd.queue(0).publish();
            assertThat(frontEnd.channel().acknowledged(3, FrontEndChannel.payload(0)))
                    .isZero();
            assertThat(frontEnd.queue(0).poll()).as("not enabled yet").isNull();

            frontEnd.channel().send(18, ringState(0, 1));

            assertThat(frontEnd.await(0)).isSameAs(request);
        }
    }

    @ParameterizedTest
    @CsvSource({"false", "true"})
    void pollsRingsThatHaveNoKick(final boolean packed) throws IOException {
        try (FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT.withPacked(packed))) {
            frontEnd.queue(0).kick(null);
            frontEnd.channel().send(12, u64(NO_FD));
            for (int i = 0; i < 10; i++) {
                assertThat(frontEnd.run(BlkRequest.read(0, 512)).status()).isEqualTo(BlkRequest.OK);
            }
            // In between, the reactor sleeps.
            final long sleeps = disk.reactor.<Long>call(disk.reactor::sleeps);
            while (disk.reactor.<Long>call(disk.reactor::sleeps) < sleeps + 5) {
                Thread.yield();
            }
        }
    }

    @Test
    void callsOnceWhenTheCallChanges() throws IOException {
        try (FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT);
                io.varve.linux.EventFd other = io.varve.linux.EventFd.create()) {
            frontEnd.channel().acknowledged(13, u64(0), other.fd());
            assertThat(other.drain()).isEqualTo(1);
            frontEnd.channel().acknowledged(13, u64(NO_FD));
            frontEnd.queue(0).submit(BlkRequest.flush(), Framing.USUAL);
            frontEnd.queue(0).publish();
            while (frontEnd.queue(0).poll() == null) {
                Thread.onSpinWait();
            }
            assertThat(other.drain()).isZero();
        }
    }

    @ParameterizedTest
    @CsvSource({"true", "false"})
    void changesTheMemoryTableUnderLoad(final boolean slots) throws IOException {
        disk.reactor.run(() -> disk.device.delayed(new Random(2)));
        try (FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT.withMemorySlots(slots))) {
            final LoadGenerator load =
                    new LoadGenerator(frontEnd, 1000, 4096, 64, 1).framing(Framing.random(new Random(3), 5));
            final GuestRam.Region spare = frontEnd.ram().regions().getLast();
            for (int i = 0; i < 30; i++) {
                load.run(100);
                load.fill();
                if (slots) {
                    frontEnd.removeMemory(spare);
                    load.run(10);
                    load.fill();
                    frontEnd.addMemory(spare);
                } else {
                    frontEnd.sendMemory();
                }
            }
            load.drain();
            load.verifyAll(frontEnd);
            assertThat(ServedDisk.guestMappings())
                    .as("two for each region, and the notes")
                    .isEqualTo(7);
        }
    }

    @ParameterizedTest
    @CsvSource({"false", "true"})
    void movesARunningRing(final boolean packed) throws IOException {
        try (FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT.withPacked(packed))) {
            final LoadGenerator load = new LoadGenerator(frontEnd, 1000, 4096, 64, 1);
            for (int i = 0; i < 20; i++) {
                load.run(20);
                load.fill();
                frontEnd.sendAddresses(0);
            }
            load.drain();
        }
    }
}

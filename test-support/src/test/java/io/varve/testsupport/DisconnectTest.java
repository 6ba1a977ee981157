package io.varve.testsupport;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.block.CloseReason;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Front-ends that go away at any moment, come back, or come twice. */
@Timeout(120)
class DisconnectTest {
    /** Mappings of guest memory that a front-end in this process has itself. */
    private static final int FRONT_END_MAPPINGS = 3;

    @TempDir
    private Path directory;

    @Test
    void losesNothingWhenTheFrontEndReconnects() throws IOException {
        try (ServedDisk disk = new ServedDisk(directory)) {
            disk.reactor.run(() -> disk.device.delayed(new Random(2)));
            try (FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT.withQueues(2, 64))) {
                final LoadGenerator load = new LoadGenerator(frontEnd, 1000, 4096, 64, 1);
                for (int i = 0; i < 30; i++) {
                    load.run(100);
                    load.fill();
                    frontEnd.disconnect();
                    disk.awaitClosed(CloseReason.DISCONNECTED);
                    frontEnd.reconnect();
                }
                load.drain();
                load.verifyAll(frontEnd);
            }
        }
    }

    /** What is opened once, such as jars, must not be taken for a leak. */
    private void warmUp() throws IOException {
        try (ServedDisk disk = new ServedDisk(directory)) {
            try (FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT)) {
                new LoadGenerator(frontEnd, 1000, 4096, 64, 1).run(100);
            }
            disk.awaitClosed(CloseReason.DISCONNECTED);
        }
        Files.delete(directory.resolve("disk.sock"));
    }

    @Test
    void givesUpWhatTheDeviceDoesNotComplete() throws IOException {
        warmUp();
        final long descriptors = ServedDisk.openDescriptors();
        try (ServedDisk disk = new ServedDisk(directory)) {
            final long served = ServedDisk.openDescriptors();
            final FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT);
            disk.reactor.run(() -> disk.device.hold(true));
            new LoadGenerator(frontEnd, 1000, 4096, 64, 1).fill();
            while (disk.reactor.<Integer>call(disk.device::pendingCount) < 64) {
                Thread.onSpinWait();
            }
            frontEnd.close();
            disk.awaitClosed(CloseReason.DISCONNECTED);

            assertThat(disk.reactor.<Integer>call(disk.device::pendingCount)).isZero();
            assertThat(ServedDisk.guestMappings()).isZero();
            assertThat(ServedDisk.openDescriptors()).isEqualTo(served);
        }
        assertThat(ServedDisk.openDescriptors()).isEqualTo(descriptors);
    }

    @Test
    void leaksNothingOverManySessions() throws IOException {
        try (ServedDisk disk = new ServedDisk(directory)) {
            try (FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT)) {
                frontEnd.run(BlkRequest.flush());
            }
            disk.awaitClosed(CloseReason.DISCONNECTED);
            final long descriptors = ServedDisk.openDescriptors();
            for (int i = 0; i < 50; i++) {
                try (FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT.withQueues(4, 64))) {
                    new LoadGenerator(frontEnd, 1000, 4096, 20, i).fill();
                }
                disk.awaitClosed(CloseReason.DISCONNECTED);
            }
            assertThat(ServedDisk.openDescriptors()).isEqualTo(descriptors);
            assertThat(ServedDisk.guestMappings()).isZero();
        }
    }

    @Test
    void letsASecondFrontEndWaitForTheFirst() throws IOException {
        try (ServedDisk disk = new ServedDisk(directory);
                FrontEnd first = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT);
                FrontEndChannel second = FrontEndChannel.connect(disk.socketPath)) {
            second.send(15, FrontEndChannel.payload(0));
            first.run(BlkRequest.flush());
            assertThat(second.awaitReadable(50)).isFalse();

            first.disconnect();

            assertThat(second.reply(15).getLong()).isNotZero();
        }
    }

    @Test
    void endsWithEverythingInFlight() throws IOException {
        final ServedDisk disk = new ServedDisk(directory);
        try (FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT)) {
            disk.reactor.run(() -> disk.device.delayed(new Random(4)));
            new LoadGenerator(frontEnd, 1000, 4096, 64, 1).fill();

            disk.close();

            disk.awaitEvent("closed REQUESTED");
            frontEnd.channel().awaitEnd();
        }
    }

    @Test
    void anAbandonedSessionAnswersNothingThatWasInFlight() throws IOException {
        try (ServedDisk disk = new ServedDisk(directory);
                FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT)) {
            fillHeldDevice(disk, frontEnd);

            disk.reactor.run(() -> disk.reactor.server().abandon());
            frontEnd.channel().awaitEnd();
            disk.awaitEvent("closed REQUESTED");
            disk.reactor.run(() -> disk.device.hold(false));

            disk.reactor.close();
            assertThat(frontEnd.queue(0).poll()).isNull();
            assertThat(ServedDisk.guestMappings()).isEqualTo(FRONT_END_MAPPINGS);
        }
    }

    @Test
    void aReleasedSessionLeavesNothingBehindAlthoughTheDeviceNeverCompletes() throws IOException {
        try (ServedDisk disk = new ServedDisk(directory);
                FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT)) {
            fillHeldDevice(disk, frontEnd);

            disk.reactor.run(() -> disk.reactor.server().release());

            disk.reactor.close();
            frontEnd.channel().awaitEnd();
            assertThat(frontEnd.queue(0).poll()).isNull();
            assertThat(ServedDisk.guestMappings()).isEqualTo(FRONT_END_MAPPINGS);
        }
    }

    /** Nothing that a front-end asks for makes it wait for longer than the limit, not even the disk. */
    @ParameterizedTest
    @CsvSource({"11, 0", "11, 2", "39, 0", "34, 0", "5, 0", "38, 0", "38, 2"})
    void dropsAFrontEndWhoseAnswerWaitsTooLong(final int request, final int lanes) throws IOException {
        try (ServedDisk disk = new ServedDisk(directory, Duration.ofMillis(100), lanes);
                FrontEnd frontEnd =
                        FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT.withQueues(1 + lanes, 64))) {
            disk.reactor.run(() -> disk.device.hold(true));
            final LoadGenerator load = new LoadGenerator(frontEnd, 1000, 4096, 60, 1);
            load.fill();
            while (disk.reactor.<Integer>call(disk.device::pendingCount) < 60) {
                Thread.onSpinWait();
            }

            sendWhatWaits(frontEnd, request);

            frontEnd.channel().awaitEnd();
            disk.awaitClosed(CloseReason.WAITED_TOO_LONG);
            assertThat(ServedDisk.guestMappings()).isEqualTo(FRONT_END_MAPPINGS);
            assertThat(load.inFlight()).isEqualTo(60);
            // The next one is served although the disk hangs, and nothing of the one before comes back behind its end.
            frontEnd.reconnect();
            assertThat(frontEnd.getConfig(0, 8).getLong()).isPositive();
            disk.reactor.run(() -> disk.device.hold(false));
            load.drain();
            load.run(500);
            load.verifyAll(frontEnd);
        }
    }

    private static void sendWhatWaits(final FrontEnd frontEnd, final int request) throws IOException {
        final GuestRam.Region region = frontEnd.ram().regions().getLast();
        final ByteBuffer memory = FrontEndChannel.payload(40)
                .putLong(request == 5 ? 1 : 0)
                .putLong(region.guestAddress())
                .putLong(region.size())
                .putLong(region.userAddress())
                .putLong(region.fileOffset())
                .flip();
        switch (request) {
            case 5 -> frontEnd.channel().send(5, memory, region.file().fd());
            case 38 -> frontEnd.channel().send(38, memory);
            case 34 -> frontEnd.channel().send(34, FrontEndChannel.payload(0));
            case 39 -> frontEnd.channel().send(39, FrontEndChannel.u64(0));
            default -> frontEnd.channel().send(request, FrontEndChannel.ringState(0, 0));
        }
    }

    private static void fillHeldDevice(final ServedDisk disk, final FrontEnd frontEnd) {
        disk.reactor.run(() -> disk.device.hold(true));
        new LoadGenerator(frontEnd, 1000, 4096, 64, 1).fill();
        while (disk.reactor.<Integer>call(disk.device::pendingCount) < 64) {
            Thread.onSpinWait();
        }
    }
}

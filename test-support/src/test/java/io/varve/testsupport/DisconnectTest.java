package io.varve.testsupport;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.vhostuser.CloseReason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

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
    void keepsMemoryMappedUntilRequestsAreDone() throws IOException {
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
            while (disk.reactor.call(() -> disk.reactor.server().session().closeReason()) == null) {
                Thread.onSpinWait();
            }
            assertThat(ServedDisk.guestMappings()).isEqualTo(4);

            disk.reactor.run(() -> disk.device.hold(false));
            disk.awaitClosed(CloseReason.DISCONNECTED);

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
            assertThat(ServedDisk.guestMappings()).isEqualTo(FRONT_END_MAPPINGS + 4);
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

    private static void fillHeldDevice(final ServedDisk disk, final FrontEnd frontEnd) {
        disk.reactor.run(() -> disk.device.hold(true));
        new LoadGenerator(frontEnd, 1000, 4096, 64, 1).fill();
        while (disk.reactor.<Integer>call(disk.device::pendingCount) < 64) {
            Thread.onSpinWait();
        }
    }
}

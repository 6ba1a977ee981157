package io.varve.testsupport;

import static io.varve.testsupport.FrontEndChannel.ringState;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.block.CloseReason;
import io.varve.linux.Mapping;
import io.varve.linux.Memory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A disk that is not there yet, or leaves. */
@Timeout(60)
class MovingDiskTest {
    private static final int GET_VRING_BASE = 11;
    private static final int WCE_OFFSET = 32;

    @TempDir
    private Path directory;

    private ServedDisk disk;

    @BeforeEach
    void serve() throws IOException {
        disk = new ServedDisk(directory);
    }

    @AfterEach
    void close() {
        disk.close();
    }

    private void ready(final boolean value) {
        disk.reactor.run(() -> disk.device.ready(value));
    }

    @Test
    void requestsWaitInTheirRingsUntilItIsThere() throws IOException {
        ready(false);
        try (FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT)) {
            frontEnd.queue(0).submit(BlkRequest.read(0, 4096), Framing.USUAL);
            frontEnd.queue(0).publish();
            assertThat(frontEnd.getConfig(0, 8).getLong()).isPositive();
            assertThat(frontEnd.queue(0).poll()).isNull();
            ready(true);
            assertThat(frontEnd.await(0).status()).isEqualTo(BlkRequest.OK);
        }
    }

    @Test
    void tellsOnceOfRequestsThatWaitForIt() throws IOException {
        for (int i = 0; i < 2; i++) {
            ready(false);
            try (FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT)) {
                disk.awaitEvent("started");
                for (int request = 0; request < 3; request++) {
                    frontEnd.queue(0).submit(BlkRequest.read(0, 4096), Framing.USUAL);
                    frontEnd.queue(0).publish();
                    if (request == 0) {
                        disk.awaitEvent("waits");
                    }
                }
                frontEnd.getConfig(0, 8);
                ready(true);
                for (int request = 0; request < 3; request++) {
                    assertThat(frontEnd.await(0).status()).isEqualTo(BlkRequest.OK);
                }
                assertThat(disk.events).doesNotContain("waits");
            }
        }
    }

    @Test
    void ringsStopWithWhatWaitsInThem() throws IOException {
        ready(false);
        try (FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT)) {
            frontEnd.queue(0).submit(BlkRequest.read(0, 4096), Framing.USUAL);
            frontEnd.queue(0).publish();
            frontEnd.stop();
            assertThat(frontEnd.queue(0).poll()).isNull();
            ready(true);
            frontEnd.start();
            assertThat(frontEnd.await(0).status()).isEqualTo(BlkRequest.OK);
        }
    }

    @Test
    void theWriteCacheIsNotChangedBeforehand() throws IOException {
        ready(false);
        try (FrontEnd frontEnd = new FrontEnd(disk.socketPath, FrontEndOptions.DEFAULT)) {
            frontEnd.connect();
            frontEnd.start();
            final Thread late = new Thread(() -> ready(true));
            disk.awaitEvent("started");
            late.start();
            assertThat(frontEnd.setConfig(WCE_OFFSET, 0)).isZero();
            assertThat(frontEnd.getConfig(WCE_OFFSET, 1).get()).isZero();
        }
    }

    @Test
    void theLastRingStopsOnceTheDiskIsHandedOver() throws IOException {
        try (FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT.withQueues(2, 64));
                DirtyBitmap bitmap = DirtyBitmap.of(frontEnd.ram())) {
            frontEnd.startLogging(bitmap);
            disk.awaitEvent("migrating true");
            disk.isHandedOver = false;
            frontEnd.stopQueue(0);
            frontEnd.channel().send(GET_VRING_BASE, ringState(1, 0));
            disk.awaitEvent("asked");
            disk.awaitEvent("asked");
            assertThat(frontEnd.channel().awaitReadable(0)).isFalse();
            disk.reactor.run(() -> disk.isHandedOver = true);
            assertThat(frontEnd.channel().reply(GET_VRING_BASE).getInt(0)).isEqualTo(1);
            disk.awaitEvent("stopped");
            frontEnd.stopLogging();
            disk.awaitEvent("migrating false");
        }
    }

    @Test
    void aFrontEndIsDroppedWhenTheDiskCanNotBeHandedOver() throws IOException {
        try (FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT);
                DirtyBitmap bitmap = DirtyBitmap.of(frontEnd.ram())) {
            frontEnd.startLogging(bitmap);
            disk.handOverFailure = "on purpose";
            assertThatThrownBy(frontEnd::stop).isInstanceOf(IOException.class);
            disk.awaitClosed(CloseReason.PROTOCOL_ERROR);
        }
    }

    @Test
    void aFrontEndIsDroppedWhenHandingOverTakesTooLong() throws IOException {
        disk.close();
        disk = new ServedDisk(Files.createDirectory(directory.resolve("impatient")), Duration.ofMillis(50));
        try (FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT);
                DirtyBitmap bitmap = DirtyBitmap.of(frontEnd.ram())) {
            frontEnd.startLogging(bitmap);
            disk.isHandedOver = false;
            assertThatThrownBy(frontEnd::stop).isInstanceOf(IOException.class);
            disk.awaitClosed(CloseReason.WAITED_TOO_LONG);
        }
    }

    @Test
    void whatWasInFlightInAnEarlierStateIsNotDoneAgain() throws IOException {
        try (FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT)) {
            frontEnd.stop();
            frontEnd.queue(0).submit(BlkRequest.write(0, new byte[4096]), Framing.USUAL);
            frontEnd.queue(0).publish();
            try (Mapping notes = Mapping.ofFile(frontEnd.inflightFd(), 0, frontEnd.inflightSize())) {
                final SplitDriverQueue queue = frontEnd.splitQueue(0);
                final int position = queue.usedIndex() & queue.size() - 1;
                final int head = frontEnd.ram().getShort(queue.available() + 4 + 2L * position);
                Memory.putByte(notes.address() + 16 + 16L * head, (byte) 1);
            }
            final long writes = disk.reactor.<Long>call(disk.device::writes);
            disk.reactor.run(() -> disk.device.mayRepeat(false));
            assertThatThrownBy(() -> {
                        frontEnd.reconnect();
                        frontEnd.channel().awaitEnd();
                        throw new IOException("dropped");
                    })
                    .isInstanceOf(IOException.class);
            disk.awaitClosed(CloseReason.PROTOCOL_ERROR);
            assertThat(disk.reactor.<Long>call(disk.device::writes)).isEqualTo(writes);
        }
    }
}

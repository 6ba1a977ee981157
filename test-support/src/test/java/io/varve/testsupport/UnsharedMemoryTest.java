package io.varve.testsupport;

import static io.varve.testsupport.FrontEndChannel.payload;
import static io.varve.testsupport.FrontEndChannel.u64;
import static org.assertj.core.api.Assertions.assertThat;

import io.varve.block.CloseReason;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Guests with memory that their front-end does not share: nothing that uses it succeeds, and the log says why, in bounds. */
@Timeout(60)
class UnsharedMemoryTest {
    private static final int NEXT = 1;
    private static final int WRITE = 2;

    /** In the second region of the guest's memory, which is shared. */
    private static final long SHARED = 4L << 30;

    private static final long STATUS = SHARED + 0x800;
    private static final long UNSHARED = 64L << 30;

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

    private List<String> linesAboutSharing() {
        return disk.log.lines().stream()
                .filter(line -> line.contains("share=on"))
                .toList();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void failsRequestsThere(final boolean write) throws IOException {
        try (FrontEnd frontEnd = FrontEnd.started(
                disk.socketPath, FrontEndOptions.DEFAULT.withQueues(2, 16).withIndirect(false))) {
            final SplitDriverQueue queue = frontEnd.splitQueue(0);
            frontEnd.ram().putLong(SHARED, write ? BlkRequest.OUT : BlkRequest.IN);
            frontEnd.ram().putLong(SHARED + 8, 0);
            queue.putDescriptor(0, SHARED, 16, NEXT, 1);
            queue.putDescriptor(1, UNSHARED, 4096, write ? NEXT : NEXT | WRITE, 2);
            queue.putDescriptor(2, STATUS, 1, WRITE, 0);
            for (int i = 1; i <= 100; i++) {
                frontEnd.ram().putShort(STATUS, BlkRequest.OK);
                queue.putAvailable(0);
                queue.publish();
                while (queue.usedIndex() != i) {
                    Thread.onSpinWait();
                }
                assertThat(frontEnd.ram().getShort(STATUS)).isEqualTo(BlkRequest.IOERR);
            }
            assertThat(frontEnd.run(1, BlkRequest.flush(), Framing.USUAL).status())
                    .isEqualTo(BlkRequest.OK);
            disk.reactor.run(() -> {});
            assertThat(linesAboutSharing())
                    .singleElement()
                    .asString()
                    .contains("requests of the guest fail", "guest address 0x1000000000");
        }
    }

    /** Whatever the guest finds in its status byte, it would take that for the outcome. */
    @Test
    void stopsARingWhoseRequestsCannotBeAnswered() throws IOException {
        try (FrontEnd frontEnd = FrontEnd.started(
                disk.socketPath, FrontEndOptions.DEFAULT.withQueues(2, 16).withIndirect(false))) {
            final SplitDriverQueue queue = frontEnd.splitQueue(0);
            queue.putDescriptor(0, SHARED, 16, NEXT, 1);
            queue.putDescriptor(1, UNSHARED, 1, WRITE, 0);
            queue.putAvailable(0);
            queue.publish();
            while (frontEnd.err(0).drain() == 0) {
                Thread.onSpinWait();
            }
            assertThat(frontEnd.run(1, BlkRequest.flush(), Framing.USUAL).status())
                    .isEqualTo(BlkRequest.OK);
            assertThat(queue.usedIndex()).isZero();
            assertThat(linesAboutSharing()).singleElement().asString().contains("ring 0 stands still");
            assertThat(frontEnd.stopQueue(0))
                    .as("where it goes on, once the memory is there")
                    .isZero();
        }
    }

    /** What QEMU does when none of its memory is shared, each second. */
    @Test
    void endsSessionsWhoseRingsAreThereAndSaySoOnce() throws IOException {
        for (int i = 0; i < 20; i++) {
            try (FrontEnd frontEnd = new FrontEnd(disk.socketPath, FrontEndOptions.DEFAULT)) {
                frontEnd.connect();
                frontEnd.channel().send(2, u64(frontEnd.features()));
                frontEnd.startQueue(0);
                disk.awaitClosed(CloseReason.PROTOCOL_ERROR);
            }
        }
        assertThat(linesAboutSharing()).singleElement().asString().contains("ring 0 can't be served");
        assertThat(disk.log.lines()).as("with that of a front-end that waited").hasSizeLessThan(3);
    }

    /** QEMU hands over a memfd that it does not share: the guest uses its rings, and the back-end sees zeros. QEMU's own kick comes first. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void endsSessionsWhoseRingsStayEmptyWhenTheyAreKicked(final boolean packed) throws IOException {
        for (int i = 0; i < 5; i++) {
            try (FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT.withPacked(packed))) {
                frontEnd.queue(0).kickAnyway();
                assertThat(frontEnd.channel().acknowledged(3, payload(0))).isZero();
                frontEnd.queue(0).kickAnyway();
                disk.awaitClosed(CloseReason.PROTOCOL_ERROR);
            }
        }
        assertThat(linesAboutSharing()).singleElement().asString().contains("ring 0 is used and stays empty here");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void leavesOthersAloneThatKickEmptyRings(final boolean packed) throws IOException {
        final FrontEndOptions options =
                FrontEndOptions.DEFAULT.withPacked(packed).withQueues(2, 64);
        try (FrontEnd frontEnd = FrontEnd.started(disk.socketPath, options)) {
            frontEnd.run(0, BlkRequest.flush(), Framing.USUAL);
            for (int i = 0; i < 10; i++) {
                frontEnd.queue(1).kickAnyway();
                assertThat(frontEnd.channel().acknowledged(3, payload(0))).isZero();
            }
        }
        disk.awaitClosed(CloseReason.DISCONNECTED);
        assertThat(linesAboutSharing()).isEmpty();
    }

    @Test
    void tellsOfBrokenRingsInBounds() throws IOException {
        try (FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT.withInflight(false))) {
            for (int i = 0; i < 50; i++) {
                frontEnd.splitQueue(0).putAvailable(4711);
                frontEnd.splitQueue(0).publish();
                while (frontEnd.err(0).drain() == 0) {
                    Thread.onSpinWait();
                }
                frontEnd.stop();
                frontEnd.resetQueue(0);
                frontEnd.start();
            }
            assertThat(frontEnd.run(BlkRequest.flush()).status()).isEqualTo(BlkRequest.OK);
        }
        assertThat(disk.log.lines()).singleElement().asString().contains("the guest broke ring 0");
    }
}

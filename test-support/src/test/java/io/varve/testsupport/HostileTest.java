package io.varve.testsupport;

import static io.varve.testsupport.FrontEndChannel.payload;
import static io.varve.testsupport.FrontEndChannel.ringState;
import static io.varve.testsupport.FrontEndChannel.u64;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.varve.block.CloseReason;
import io.varve.linux.Errno;
import io.varve.linux.ErrnoException;
import io.varve.linux.EventFd;
import io.varve.linux.Fd;
import io.varve.linux.IoRing;
import io.varve.linux.IoRings;
import io.varve.linux.Mapping;
import io.varve.linux.Memory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Front-ends and guests that do what they must not: their session ends, or their ring stands still, and nothing else. */
@Timeout(120)
class HostileTest {
    @TempDir
    private Path directory;

    private ServedDisk disk;
    private long descriptors;

    @BeforeEach
    void serve() throws IOException {
        disk = new ServedDisk(directory);
        try (FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT)) {
            new LoadGenerator(frontEnd, 1000, 4096, 32, 1).run(100);
        }
        disk.awaitClosed(CloseReason.DISCONNECTED);
        descriptors = ServedDisk.openDescriptors();
    }

    @AfterEach
    void stopServing() {
        disk.close();
    }

    @ParameterizedTest
    @EnumSource(Misbehaviour.class)
    void endsTheSessionOfAFrontEndThatBreaksTheProtocol(final Misbehaviour misbehaviour) throws IOException {
        disk.reactor.run(() -> disk.device.delayed(new Random(6)));
        try (FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT)) {
            new LoadGenerator(frontEnd, 1000, 4096, 32, 1).fill();
            try {
                misbehaviour.run(frontEnd);
            } catch (final java.io.EOFException e) {
                assertThat(misbehaviour).isEqualTo(Misbehaviour.REGION_OF_THE_RING_REMOVED);
            } catch (final ErrnoException e) {
                // The session has been ended before all was said.
                assertThat(e.errno()).isIn(Errno.EPIPE, Errno.ECONNRESET);
            }
            disk.awaitClosed(CloseReason.PROTOCOL_ERROR);
            if (frontEnd.channel() != null) {
                frontEnd.channel().awaitEnd();
            }
        }
        assertThat(ServedDisk.openDescriptors()).isEqualTo(descriptors);
        assertThat(ServedDisk.guestMappings()).isZero();
        assertServes();
    }

    private void assertServes() throws IOException {
        try (FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT)) {
            assertThat(frontEnd.run(BlkRequest.read(0, 512)).status()).isEqualTo(BlkRequest.OK);
        }
    }

    @Test
    void acceptsADescriptorWithTheRemovalOfARegion() throws IOException {
        try (FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT)) {
            final GuestRam.Region region = frontEnd.ram().regions().getLast();
            final ByteBuffer payload = payload(40)
                    .putLong(0)
                    .putLong(region.guestAddress())
                    .putLong(region.size())
                    .putLong(region.userAddress())
                    .putLong(0)
                    .flip();
            assertThat(frontEnd.run(BlkRequest.flush()).status()).isEqualTo(BlkRequest.OK);
            final long before = ServedDisk.openDescriptors();
            assertThat(frontEnd.channel()
                            .acknowledged(38, payload, region.file().fd()))
                    .isZero();
            disk.reactor.run(() -> {});
            assertThat(ServedDisk.openDescriptors()).isEqualTo(before);
        }
    }

    @Test
    void takesMessagesInPieces() throws IOException {
        try (FrontEndChannel channel = FrontEndChannel.connect(disk.socketPath)) {
            final ByteBuffer message =
                    payload(12).putInt(15).putInt(1).putInt(0).flip();
            for (int round = 0; round < 3; round++) {
                for (int i = 0; i < 12; i++) {
                    channel.sendBytes(message.slice(i, 1));
                    if (i < 11) {
                        disk.reactor.run(() -> {});
                    }
                }
                assertThat(channel.reply(15).getLong()).isNotZero();
            }
        }
    }

    @Test
    void answersMessagesThatComeAllAtOnce() throws IOException {
        try (FrontEndChannel channel = FrontEndChannel.connect(disk.socketPath)) {
            final int count = 400;
            final ByteBuffer messages = payload(12 * count);
            for (int i = 0; i < count; i++) {
                messages.putInt(15).putInt(1).putInt(0);
            }
            channel.sendBytes(messages.flip());
            for (int i = 0; i < count; i++) {
                assertThat(channel.reply(15).getLong()).isNotZero();
            }
        }
    }

    @Test
    void waitsForAFrontEndThatDoesNotReadItsReplies() throws IOException {
        try (FrontEndChannel channel = FrontEndChannel.connect(disk.socketPath)) {
            channel.send(16, u64(1 << 9));
            final ByteBuffer question = payload(24)
                    .putInt(24)
                    .putInt(1)
                    .putInt(12)
                    .putInt(0)
                    .putInt(256)
                    .putInt(0)
                    .flip();
            // Both directions fill up, until the back-end reads no more; then everything is answered in order.
            int sent = 0;
            while (sent < 20_000 && channel.trySend(question)) {
                sent++;
            }
            assertThat(sent).isBetween(100, 19_999);
            disk.reactor.run(() -> {});
            for (int i = 0; i < sent; i++) {
                assertThat(channel.reply(24).remaining()).isEqualTo(268);
            }
        }
    }

    @Test
    void standsStillWhenTheGuestBreaksTheRing() throws IOException {
        try (FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT.withQueues(2, 64))) {
            frontEnd.splitQueue(0).putAvailable(64);
            frontEnd.queue(0).publish();
            awaitSignal(frontEnd.err(0));
            // The other ring goes on, and the broken one can be set up anew.
            assertThat(frontEnd.run(1, BlkRequest.flush(), Framing.USUAL).status())
                    .isEqualTo(BlkRequest.OK);
            frontEnd.stop();
            frontEnd.resetQueue(0);
            frontEnd.start();
            assertThat(frontEnd.run(0, BlkRequest.flush(), Framing.USUAL).status())
                    .isEqualTo(BlkRequest.OK);

            frontEnd.splitQueue(1).putAvailableIndex(12345);
            frontEnd.queue(1).kickAnyway();
            awaitSignal(frontEnd.err(1));
            assertThat(frontEnd.run(0, BlkRequest.flush(), Framing.USUAL).status())
                    .isEqualTo(BlkRequest.OK);
        }
    }

    private static void awaitSignal(final EventFd event) {
        while (event.drain() == 0) {
            Thread.onSpinWait();
        }
    }

    /** The front-end makes its eventfd blocking, and full: whoever writes to it would wait for ever. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void neverWaitsForAnEventFdThatIsFull(final boolean isReadInTime) throws IOException {
        try (EventFd call = EventFd.create();
                FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT.withEventIndex(false))) {
            assertThat(frontEnd.channel().acknowledged(13, u64(0), call.fd())).isZero();
            fill(call);
            for (int i = 0; i < 10; i++) {
                runPolled(frontEnd);
            }
            if (isReadInTime) {
                assertThat(call.drain()).isEqualTo(-2);
                while (call.drain() == 0) {
                    Thread.onSpinWait();
                }
            }
        }
        disk.awaitClosed(CloseReason.DISCONNECTED);
        assertThat(ServedDisk.openDescriptors()).isEqualTo(descriptors);
        assertServes();
    }

    private static void fill(final EventFd event) throws IOException {
        event.drain();
        try (IoRing ring = IoRings.open(4);
                Mapping value = Memory.allocate(Long.BYTES)) {
            assumeTrue(ring.isNative(), "without io_uring, a signal is a write");
            Memory.putLong(value.address(), -2);
            final int[] results = new int[1];
            ring.write(
                    event.fd(),
                    value.address(),
                    Long.BYTES,
                    -1,
                    ring.register((data, result, flags) -> results[0] = result),
                    0);
            ring.turn(-1);
            assertThat(results[0]).isEqualTo(Long.BYTES);
        }
        Fd.setBlocking(event.fd());
    }

    private static void runPolled(final FrontEnd frontEnd) {
        frontEnd.queue(0).submit(BlkRequest.flush(), Framing.USUAL);
        frontEnd.queue(0).publish();
        while (frontEnd.queue(0).poll() == null) {
            Thread.onSpinWait();
        }
    }

    @Test
    void staysResponsiveWhateverTheKickIs() throws IOException {
        try (FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT)) {
            // A regular file is always readable, or can't be watched: both are the front-end's own affair.
            frontEnd.channel()
                    .send(12, u64(0), frontEnd.ram().regions().getFirst().file().fd());
            disk.reactor.run(() -> {});
        }
        // Which of the two reasons it is depends on the ring.
        while (disk.reactor.call(() -> disk.reactor.server().session()) != null) {
            Thread.onSpinWait();
        }
        disk.reactor.run(() -> {});
        assertThat(ServedDisk.guestMappings()).isZero();
        assertThat(ServedDisk.openDescriptors()).isEqualTo(descriptors);
        assertServes();
    }

    @Test
    void endsTheSessionWhenMemoryIsTakenAway() throws IOException {
        try (FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT)) {
            disk.reactor.run(() -> disk.device.hold(true));
            new LoadGenerator(frontEnd, 1000, 4096, 64, 1).fill();
            while (disk.reactor.<Integer>call(disk.device::pendingCount) < 64) {
                Thread.onSpinWait();
            }
            for (final GuestRam.Region region : frontEnd.ram().regions()) {
                region.file().resize(0);
            }
            disk.reactor.run(() -> disk.device.hold(false));
            disk.awaitClosed(CloseReason.MEMORY_FAULT);
        }
        assertThat(ServedDisk.guestMappings()).isZero();
        assertThat(ServedDisk.openDescriptors()).isEqualTo(descriptors);
        assertServes();
    }

    @Test
    void endsTheSessionWhenMemoryIsTakenAwayBeforeARingStarts() throws IOException {
        try (FrontEnd frontEnd = new FrontEnd(disk.socketPath, FrontEndOptions.DEFAULT)) {
            frontEnd.connect();
            frontEnd.channel().send(2, u64(frontEnd.features()));
            frontEnd.sendMemory();
            for (final GuestRam.Region region : frontEnd.ram().regions()) {
                region.file().resize(0);
            }
            frontEnd.channel().send(8, ringState(0, 128));
            frontEnd.sendAddresses(0);
            try (EventFd kick = EventFd.create()) {
                frontEnd.channel().send(12, u64(0), kick.fd());
            }
            disk.awaitClosed(CloseReason.MEMORY_FAULT);
        }
        assertServes();
    }
}

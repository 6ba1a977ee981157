package io.varve.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.block.CloseReason;
import io.varve.testsupport.MemoryBlockDevice;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Commands, their replies, and what becomes of them when device or client do something else. */
class CommandTest extends ServedExportTest {
    private static final int SIZE = 65 << 20;

    CommandTest() {
        super(SIZE, false);
    }

    private static byte[] random(final int length, final long seed) {
        final byte[] data = new byte[length];
        new Random(seed).nextBytes(data);
        return data;
    }

    @ParameterizedTest
    @ValueSource(ints = {512, 4096, 32 << 10, 33 << 10, 1 << 20, 64 << 20})
    void whatIsWrittenIsRead(final int length) throws IOException {
        try (NbdClient client = NbdClient.go(socket)) {
            final byte[] data = random(length, length);
            assertThat(client.write(512, data)).isZero();
            assertThat(device.contents(512, length)).isEqualTo(data);
            assertThat(client.read(512, length)).isEqualTo(data);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void structuredRepliesSayTheOffset(final boolean isExtended) throws IOException {
        try (NbdClient client = NbdClient.goStructured(socket, isExtended)) {
            assertThat(client.write(4096, random(4096, 1))).isZero();
            client.sendRequest(Nbd.CMD_READ, Nbd.CMD_FLAG_DF, 3, 4096, 4096);
            final NbdClient.Reply reply = client.reply(0);
            assertThat(reply.flags()).isEqualTo(Nbd.REPLY_FLAG_DONE);
            assertThat(reply.type()).isEqualTo(Nbd.REPLY_TYPE_OFFSET_DATA);
            assertThat(reply.buffer().getLong()).isEqualTo(4096);
            final NbdClient.Reply refused = client.command(Nbd.CMD_READ, 0, SIZE, 1);
            assertThat(refused.error()).isEqualTo(Nbd.EINVAL);
            assertThat(new String(
                            refused.data(), 6, refused.data().length - 6, java.nio.charset.StandardCharsets.US_ASCII))
                    .contains("not inside");
        }
    }

    @Test
    void readsMayHaveAnyAlignmentAndWritesMayNot() throws IOException {
        try (NbdClient client = NbdClient.go(socket)) {
            final byte[] data = random(4096, 3);
            assertThat(client.write(0, data)).isZero();
            assertThat(client.read(5, 1000)).isEqualTo(Arrays.copyOfRange(data, 5, 1005));
            assertThat(client.read(511, 1)).isEqualTo(Arrays.copyOfRange(data, 511, 512));
            assertThat(client.write(1, new byte[512])).isEqualTo(Nbd.EINVAL);
            assertThat(client.write(512, new byte[100])).isEqualTo(Nbd.EINVAL);
            assertThat(client.command(Nbd.CMD_TRIM, 0, 0, 100).error()).isEqualTo(Nbd.EINVAL);
            assertThat(client.command(Nbd.CMD_WRITE_ZEROES, 0, 100, 512).error())
                    .isEqualTo(Nbd.EINVAL);
            assertThat(client.read(0, 4096)).isEqualTo(data);
        }
    }

    @Test
    void commandsOfNoLengthDoNothingWell() throws IOException {
        try (NbdClient client = NbdClient.go(socket)) {
            assertThat(client.read(0, 0)).isEmpty();
            assertThat(client.write(0, new byte[0])).isZero();
            assertThat(client.command(Nbd.CMD_TRIM, 0, 0, 0).error()).isZero();
            assertThat(client.command(Nbd.CMD_CACHE, 0, SIZE, 0).error()).isZero();
        }
        try (NbdClient client = NbdClient.goStructured(socket, false)) {
            assertThat(client.command(Nbd.CMD_READ, 0, 0, 0).type()).isEqualTo(Nbd.REPLY_TYPE_NONE);
            assertThat(client.command(Nbd.CMD_BLOCK_STATUS, 0, 0, 0).error()).isEqualTo(Nbd.EINVAL);
        }
    }

    @Test
    void whatIsOutsideIsRefusedAndItsDataLeftOut() throws IOException {
        try (NbdClient client = NbdClient.go(socket)) {
            assertThat(client.command(Nbd.CMD_READ, 0, SIZE - 512, 1024).error())
                    .isEqualTo(Nbd.EINVAL);
            assertThat(client.command(Nbd.CMD_READ, 0, -512, 1024).error()).isEqualTo(Nbd.EINVAL);
            assertThat(client.write(SIZE - 512, new byte[1024])).isEqualTo(Nbd.ENOSPC);
            assertThat(client.command(Nbd.CMD_WRITE_ZEROES, 0, SIZE, 512).error())
                    .isEqualTo(Nbd.ENOSPC);
            assertThat(client.command(Nbd.CMD_TRIM, 0, Long.MAX_VALUE, 512).error())
                    .isEqualTo(Nbd.EINVAL);
            assertThat(client.command(Nbd.CMD_READ, 0, 0, (64 << 20) + 512).error())
                    .isEqualTo(Nbd.EINVAL);
            assertThat(client.write(0, new byte[(64 << 20) + 512])).isEqualTo(Nbd.EINVAL);
            assertThat(client.command(99, 0, 0, 0).error()).isEqualTo(Nbd.EINVAL);
            assertThat(client.command(Nbd.CMD_FLUSH, 1 << 14, 0, 0).error()).isEqualTo(Nbd.EINVAL);
            assertThat(client.read(0, 512)).containsOnly(0);
            assertThat(device.writes()).isZero();
        }
    }

    @Test
    void flagsReachTheDevice() throws IOException {
        try (NbdClient client = NbdClient.go(socket)) {
            client.sendWrite(Nbd.CMD_FLAG_FUA, 1, 0, random(4096, 4));
            assertThat(client.reply(0).error()).isZero();
            assertThat(device.durableWrites()).isEqualTo(1);
            assertThat(client.command(Nbd.CMD_FLUSH, 0, 0, 0).error()).isZero();
            assertThat(device.flushes()).isEqualTo(1);
            assertThat(client.command(Nbd.CMD_TRIM, Nbd.CMD_FLAG_FUA, 0, 512).error())
                    .isZero();
            assertThat(device.durableWrites()).isEqualTo(2);
            assertThat(device.discards()).isEqualTo(1);
            assertThat(client.command(Nbd.CMD_WRITE_ZEROES, Nbd.CMD_FLAG_NO_HOLE | Nbd.CMD_FLAG_FAST_ZERO, 0, 4096)
                            .error())
                    .isZero();
            assertThat(device.writeZeroesCalls()).isEqualTo(1);
            assertThat(client.read(0, 4096)).containsOnly(0);
            assertThat(client.command(Nbd.CMD_CACHE, 0, 0, 3 << 20).error()).isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void blockStatusTellsWhatHoldsData(final boolean isExtended) throws IOException {
        try (NbdClient client = NbdClient.goStructured(socket, isExtended)) {
            assertThat(client.write(8192, random(4096, 5))).isZero();
            assertThat(status(client, isExtended, 0, 0, SIZE)).containsExactly(8192, 3, 4096, 0, SIZE - 8192 - 4096, 3);
            assertThat(status(client, isExtended, Nbd.CMD_FLAG_REQ_ONE, 4096, SIZE - 4096))
                    .containsExactly(4096, 3);
            assertThat(status(client, isExtended, Nbd.CMD_FLAG_REQ_ONE, 0, 100)).containsExactly(100, 3);
            assertThat(status(client, isExtended, 0, 8100, 1000)).containsExactly(92, 3, 908, 0);
        }
    }

    private static long[] status(
            final NbdClient client, final boolean isExtended, final int flags, final long offset, final long length)
            throws IOException {
        final NbdClient.Reply reply = client.command(Nbd.CMD_BLOCK_STATUS, flags, offset, length);
        assertThat(reply.type()).isEqualTo(isExtended ? Nbd.REPLY_TYPE_BLOCK_STATUS_EXT : Nbd.REPLY_TYPE_BLOCK_STATUS);
        final ByteBuffer data = reply.buffer();
        assertThat(data.getInt()).isEqualTo(Handshake.ALLOCATION_ID);
        if (isExtended) {
            assertThat(data.getInt()).isEqualTo(data.remaining() / 16);
        }
        final long[] result = new long[data.remaining() / (isExtended ? 8 : 4)];
        for (int i = 0; i < result.length; i++) {
            result[i] = isExtended ? data.getLong() : Integer.toUnsignedLong(data.getInt());
        }
        return result;
    }

    @Test
    void errorsOfTheDeviceAreTold() throws IOException {
        try (NbdClient client = NbdClient.go(socket)) {
            device.failNext(2);
            assertThat(client.write(0, new byte[512])).isEqualTo(Nbd.EIO);
            assertThat(client.command(Nbd.CMD_READ, 0, 0, 512).error()).isEqualTo(Nbd.EIO);
            assertThat(client.read(0, 512)).containsOnly(0);
        }
    }

    @Test
    void manyInFlightAreAnsweredInAnyOrder() throws IOException {
        final int count = 300;
        export.call(() -> device.delayed(new Random(6)));
        try (NbdClient client = NbdClient.go(socket)) {
            final Thread sender = Thread.ofPlatform().start(() -> {
                try {
                    for (int i = 0; i < count; i++) {
                        client.sendWrite(0, i, i * 8192L, random(i % 3 == 0 ? 4096 : i % 3 == 1 ? 512 : 40960 / 8, i));
                    }
                } catch (final IOException e) {
                    throw new AssertionError(e);
                }
            });
            final Set<Long> cookies = new HashSet<>();
            for (int i = 0; i < count; i++) {
                final NbdClient.Reply reply = client.reply(0);
                assertThat(reply.error()).isZero();
                assertThat(cookies.add(reply.cookie())).isTrue();
            }
            sender.join();
            for (int i = 0; i < count; i++) {
                final byte[] data = random(i % 3 == 0 ? 4096 : i % 3 == 1 ? 512 : 40960 / 8, i);
                assertThat(client.read(i * 8192L, data.length)).isEqualTo(data);
            }
        } catch (final InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void requestsWaitUntilTheDeviceIsReady() throws IOException {
        export.call(() -> {
            device.ready(false);
            return null;
        });
        try (NbdClient client = NbdClient.go(socket)) {
            client.sendRequest(Nbd.CMD_READ, 0, 1, 0, 512);
            client.sendRequest(Nbd.CMD_FLUSH, 0, 2, 0, 0);
            export.await(() -> export.waited() == 1);
            assertThat(export.<Integer>call(export::started)).isEqualTo(1);
            assertThat(device.flushes()).isZero();
            export.call(() -> {
                device.ready(true);
                export.server().deviceReady();
                return null;
            });
            assertThat(client.reply(512).cookie()).isEqualTo(1);
            assertThat(client.reply(0).cookie()).isEqualTo(2);
        }
    }

    @Test
    void aClientThatGoesLeavesNothingInFlight() throws IOException {
        device.hold(true);
        try (NbdClient client = NbdClient.go(socket)) {
            client.sendWrite(0, 1, 0, new byte[4096]);
            client.sendRequest(Nbd.CMD_READ, 0, 2, 0, 1 << 20);
            export.await(() -> device.pendingCount() == 2);
        }
        export.await(() -> export.sessions() == 0);
        assertThat(export.<Integer>call(device::pendingCount)).isZero();
        assertThat(export.<Long>call(export.server()::taken)).isZero();
        assertThat(export.call(export::closed)).containsExactly(CloseReason.DISCONNECTED);
    }

    @Test
    void aClientThatGoesWhileItsCommandWaitsIsMissed() throws IOException {
        export.call(() -> {
            device.ready(false);
            return null;
        });
        try (NbdClient client = NbdClient.go(socket)) {
            client.sendRequest(Nbd.CMD_READ, 0, 1, 0, 512);
            export.await(() -> export.waited() == 1);
        }
        export.await(() -> export.sessions() == 0);
    }

    @Test
    void whatIsInFlightIsAnsweredWhenTheClientSaysGoodbye() throws IOException {
        device.hold(true);
        try (NbdClient client = NbdClient.go(socket)) {
            client.sendWrite(0, 1, 0, random(4096, 8));
            client.sendRequest(Nbd.CMD_DISC, 0, 2, 0, 0);
            export.await(() -> device.pendingCount() == 1);
            device.hold(false);
            export.call(() -> null);
            assertThat(client.reply(0).cookie()).isEqualTo(1);
            assertThat(client.isDropped()).isTrue();
            assertThat(device.contents(0, 4096)).isEqualTo(random(4096, 8));
        }
    }

    @Test
    void closingAnswersWhatIsInFlightAndTakesNothingNew() throws IOException {
        device.hold(true);
        try (NbdClient client = NbdClient.go(socket)) {
            client.sendRequest(Nbd.CMD_READ, 0, 1, 0, 512);
            export.await(() -> device.pendingCount() == 1);
            export.close();
            assertThat(client.reply(512).cookie()).isEqualTo(1);
            assertThat(client.isDropped()).isTrue();
        }
        assertThat(export.closed()).containsExactly(CloseReason.REQUESTED);
    }

    @Test
    void abandoningAndALostDeviceDropClients() throws IOException {
        device.hold(true);
        try (NbdClient client = NbdClient.go(socket)) {
            client.sendRequest(Nbd.CMD_READ, 0, 1, 0, 512);
            export.await(() -> device.pendingCount() == 1);
            export.call(() -> {
                export.server().deviceLost("moved");
                return null;
            });
            assertThat(client.isDropped()).isTrue();
            assertThat(export.<Integer>call(device::pendingCount)).isZero();
        }
        try (NbdClient client = NbdClient.go(socket)) {
            export.call(() -> {
                export.server().abandon();
                return null;
            });
            assertThat(client.isDropped()).isTrue();
        }
        assertThat(export.closed()).containsExactly(CloseReason.DEVICE_LOST, CloseReason.REQUESTED);
    }

    @Test
    void rangesBeyondTheEndAreRefusedHoweverLong() throws IOException {
        try (MemoryBlockDevice small = new MemoryBlockDevice(1 << 20);
                ServedExport other = ServedExport.at(directory.resolve("t"), small);
                NbdClient client = NbdClient.goStructured(directory.resolve("t"), true)) {
            assertThat(client.command(Nbd.CMD_TRIM, 0, 0, 1L << 40).error()).isEqualTo(Nbd.EINVAL);
            assertThat(client.command(Nbd.CMD_WRITE_ZEROES, 0, 0, 1 << 20).error())
                    .isZero();
            assertThat(other.device().writeZeroesCalls()).isEqualTo(1);
        } catch (final EOFException e) {
            throw new AssertionError(e);
        }
    }
}

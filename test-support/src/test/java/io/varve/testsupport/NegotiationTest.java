package io.varve.testsupport;

import static io.varve.testsupport.FrontEndChannel.payload;
import static io.varve.testsupport.FrontEndChannel.u64;
import static org.assertj.core.api.Assertions.assertThat;

import io.varve.block.CloseReason;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is offered and negotiated, in the order in which QEMU asks. */
@Timeout(60)
class NegotiationTest {
    private static final long LOG_ALL = 1L << 26;
    private static final long ALL_FEATURES = LOG_ALL
            | FrontEnd.F_PACKED
            | 1L << 2
            | 1L << 6
            | 1L << 9
            | 1L << 10
            | 1L << 11
            | 1L << 12
            | 1L << 13
            | 1L << 14
            | 1L << 28
            | 1L << 29
            | 1L << 30
            | 1L << 32;

    private static final long ALL_PROTOCOL_FEATURES =
            1 | 1 << 1 | 1 << 3 | 1 << 5 | 1 << 9 | 1 << 12 | 1 << 13 | 1 << 15 | 1 << 16;

    @TempDir
    private Path directory;

    @Test
    void offersWhatIsServed() throws IOException {
        try (ServedDisk disk = new ServedDisk(directory);
                FrontEndChannel channel = FrontEndChannel.connect(disk.socketPath)) {
            assertThat(channel.call(1, payload(0)).getLong()).isEqualTo(ALL_FEATURES);
            assertThat(channel.call(15, payload(0)).getLong()).isEqualTo(ALL_PROTOCOL_FEATURES);
            channel.send(16, u64(ALL_PROTOCOL_FEATURES));
            assertThat(channel.call(17, payload(0)).getLong()).isEqualTo(256);
            assertThat(channel.call(36, payload(0)).getLong()).isEqualTo(509);
        }
    }

    @Test
    void offersNoChangesOfAReadOnlyDisk() throws IOException {
        final MemoryBlockDevice device = new MemoryBlockDevice(1 << 20).readOnly();
        try (ServedDisk disk = new ServedDisk(directory, device);
                FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT)) {
            assertThat(frontEnd.features())
                    .isEqualTo(ALL_FEATURES & ~(LOG_ALL | FrontEnd.F_PACKED | 1L << 11 | 1L << 13 | 1L << 14)
                            | FrontEnd.F_RO);
            assertThat(frontEnd.run(BlkRequest.write(0, new byte[512])).status())
                    .isEqualTo(BlkRequest.IOERR);
            assertThat(frontEnd.run(BlkRequest.read(0, 512)).status()).isEqualTo(BlkRequest.OK);
            assertThat(frontEnd.setConfig(32, 0)).isNotZero();
        }
    }

    @Test
    void describesTheDisk() throws IOException {
        try (ServedDisk disk = new ServedDisk(directory);
                FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT)) {
            final ByteBuffer config = frontEnd.config();
            assertThat(config.getLong(0)).as("capacity").isEqualTo(ServedDisk.CAPACITY / 512);
            assertThat(config.getInt(8)).as("size_max").isZero();
            assertThat(config.getInt(12)).as("seg_max").isEqualTo(126);
            assertThat(config.getInt(20)).as("blk_size").isEqualTo(512);
            assertThat(config.get(24)).as("physical_block_exp").isEqualTo((byte) 3);
            assertThat(config.getShort(26)).as("min_io_size").isEqualTo((short) 8);
            assertThat(config.getInt(28)).as("opt_io_size").isEqualTo(8);
            assertThat(config.get(32)).as("wce").isEqualTo((byte) 1);
            assertThat(config.getShort(34)).as("num_queues").isEqualTo((short) 256);
            assertThat(config.getInt(36)).as("max_discard_sectors").isEqualTo(4 << 20);
            assertThat(config.getInt(40)).as("max_discard_seg").isEqualTo(1);
            assertThat(config.getInt(44)).as("discard_sector_alignment").isEqualTo(8);
            assertThat(config.getInt(48)).as("max_write_zeroes_sectors").isEqualTo(4 << 20);
            assertThat(config.getInt(52)).as("max_write_zeroes_seg").isEqualTo(1);
            assertThat(config.get(56)).as("write_zeroes_may_unmap").isEqualTo((byte) 1);
        }
    }

    @Test
    void readsAnyPartOfTheConfigSpace() throws IOException {
        try (ServedDisk disk = new ServedDisk(directory);
                FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT)) {
            final ByteBuffer whole = frontEnd.getConfig(0, 256);
            assertThat(whole.slice(0, 60)).isEqualTo(frontEnd.getConfig(0, 60));
            assertThat(whole.slice(60, 196)).isEqualTo(ByteBuffer.allocate(196));
            assertThat(frontEnd.getConfig(20, 8)).isEqualTo(whole.slice(20, 8));
            assertThat(frontEnd.getConfig(56, 256).slice(0, 4)).isEqualTo(whole.slice(56, 4));
            assertThat(frontEnd.getConfig(250, 256)).isEqualTo(ByteBuffer.allocate(256));
            assertThat(frontEnd.getConfig(-1, 8)).isEqualTo(ByteBuffer.allocate(8));
            assertThat(frontEnd.getConfig(0, 0).remaining()).isZero();
        }
    }

    @Test
    void answersAnAcknowledgementOnlyWhereItWasNegotiated() throws IOException {
        try (ServedDisk disk = new ServedDisk(directory);
                FrontEndChannel channel = FrontEndChannel.connect(disk.socketPath)) {
            channel.sendRaw(3, 1 | 8, 0, payload(0));
            // The answer to this question must be the next thing that comes.
            assertThat(channel.call(15, payload(0)).getLong()).isEqualTo(ALL_PROTOCOL_FEATURES);
            channel.send(16, u64(1 << 3));
            assertThat(channel.acknowledged(3, payload(0))).isZero();
        }
    }

    /** Each message, and the protocol feature that it belongs to, which alone is not negotiated. */
    @ParameterizedTest
    @CsvSource({
        "6, 1", "17, 0", "21, 5", "24, 9", "25, 9", "31, 12", "32, 12", "34, 13", "36, 15", "37, 15", "38, 15",
        "39, 16", "40, 16"
    })
    void refusesMessagesOfProtocolFeaturesThatWereNotNegotiated(final int message, final int feature)
            throws IOException {
        try (ServedDisk disk = new ServedDisk(directory);
                FrontEndChannel channel = FrontEndChannel.connect(disk.socketPath)) {
            channel.send(16, u64(ALL_PROTOCOL_FEATURES & ~(1L << feature)));
            channel.send(message, payload(0));
            disk.awaitClosed(CloseReason.PROTOCOL_ERROR);
            assertThat(disk.log.lines()).anyMatch(line -> line.contains("protocol feature that was not negotiated"));
        }
    }

    @Test
    void keepsTheStatusAndForgetsItOnReset() throws IOException {
        try (ServedDisk disk = new ServedDisk(directory);
                FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT)) {
            final FrontEndChannel channel = frontEnd.channel();
            assertThat(channel.call(40, payload(0)).getLong()).isEqualTo(7);
            assertThat(channel.acknowledged(34, payload(0))).isZero();
            assertThat(channel.call(40, payload(0)).getLong()).isZero();
            disk.awaitEvent("stopped");

            frontEnd.resetQueue(0);
            frontEnd.start();
            assertThat(frontEnd.run(BlkRequest.read(0, 512)).status()).isEqualTo(BlkRequest.OK);
        }
    }

    @Test
    void turnsTheWriteCacheOffAndOn() throws IOException {
        try (ServedDisk disk = new ServedDisk(directory);
                FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT)) {
            frontEnd.run(BlkRequest.write(0, new byte[512]));
            assertThat(disk.reactor.<Long>call(disk.device::durableWrites)).isZero();

            assertThat(frontEnd.setConfig(32, 0)).isZero();
            frontEnd.run(BlkRequest.write(0, new byte[512]));
            assertThat(disk.reactor.<Long>call(disk.device::durableWrites)).isEqualTo(1);
            assertThat(frontEnd.getConfig(32, 1).get()).isZero();
            assertThat(disk.reactor.<Boolean>call(disk.writeCache::isEnabled)).isFalse();

            assertThat(frontEnd.setConfig(32, 1)).isZero();
            frontEnd.run(BlkRequest.write(0, new byte[512]));
            assertThat(disk.reactor.<Long>call(disk.device::durableWrites)).isEqualTo(1);
        }
    }

    @Test
    void refusesToWriteTheRestOfTheConfigSpace() throws IOException {
        try (ServedDisk disk = new ServedDisk(directory);
                FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT)) {
            assertThat(frontEnd.setConfig(0, 0)).isNotZero();
            assertThat(frontEnd.setConfig(33, 0)).isNotZero();
            assertThat(setConfig(frontEnd, 31, new byte[2], 0)).isNotZero();
            assertThat(setConfig(frontEnd, 32, new byte[1], 2)).isNotZero();
            assertThat(disk.reactor.<Boolean>call(disk.writeCache::isEnabled)).isTrue();

            assertThat(setConfig(frontEnd, 0, new byte[60], 1))
                    .as("a migration")
                    .isZero();
            assertThat(disk.reactor.<Boolean>call(disk.writeCache::isEnabled)).isFalse();
        }
    }

    private static long setConfig(final FrontEnd frontEnd, final int offset, final byte[] bytes, final int flags)
            throws IOException {
        return frontEnd.channel()
                .acknowledged(
                        25,
                        payload(12 + bytes.length)
                                .putInt(offset)
                                .putInt(bytes.length)
                                .putInt(flags)
                                .put(bytes)
                                .flip());
    }

    @Test
    void makesWritesDurableForDriversThatKnowOfNoCache() throws IOException {
        try (ServedDisk disk = new ServedDisk(directory)) {
            final FrontEndOptions options = FrontEndOptions.DEFAULT.without(FrontEnd.F_FLUSH | FrontEnd.F_CONFIG_WCE);
            try (FrontEnd frontEnd = FrontEnd.started(disk.socketPath, options)) {
                frontEnd.run(BlkRequest.write(0, new byte[512]));
            }
            assertThat(disk.reactor.<Long>call(disk.device::durableWrites)).isEqualTo(1);
            try (FrontEnd frontEnd =
                    FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT.without(FrontEnd.F_FLUSH))) {
                frontEnd.run(BlkRequest.write(0, new byte[512]));
            }
            assertThat(disk.reactor.<Long>call(disk.device::durableWrites)).isEqualTo(1);
        }
    }

    @Test
    void servesFrontEndsWithoutProtocolFeatures() throws IOException {
        // Nothing is answered then that was not asked for, and rings are enabled without being told.
        final FrontEndOptions options = FrontEndOptions.DEFAULT.without(FrontEnd.F_PROTOCOL);
        try (ServedDisk disk = new ServedDisk(directory);
                FrontEnd frontEnd = FrontEnd.started(disk.socketPath, options)) {
            assertThat(frontEnd.run(BlkRequest.read(0, 512)).status()).isEqualTo(BlkRequest.OK);
            frontEnd.stop();
            frontEnd.start();
            assertThat(frontEnd.run(BlkRequest.read(0, 512)).status()).isEqualTo(BlkRequest.OK);
            assertThat(frontEnd.stopQueue(0)).isEqualTo(2);
        }
    }
}

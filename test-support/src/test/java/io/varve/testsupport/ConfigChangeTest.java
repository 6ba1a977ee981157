package io.varve.testsupport;

import static io.varve.testsupport.FrontEndChannel.payload;
import static org.assertj.core.api.Assertions.assertThat;

import io.varve.block.CloseReason;
import io.varve.linux.UnixSocket;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A config space that changes: the back-end tells of that on a channel of its own, and the driver changes the write cache. */
@Timeout(60)
class ConfigChangeTest {
    private static final int CONFIG_CHANGE = 2;
    private static final int WCE = 32;

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

    private void resize(final long capacity) {
        disk.reactor.run(() -> {
            disk.device.resize(capacity);
            disk.reactor.server().configChanged();
        });
    }

    @Test
    void isToldWhileARingRuns() throws IOException {
        try (FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT)) {
            resize(1 << 20);
            assertThat(frontEnd.backEndChannel().request()).isEqualTo(CONFIG_CHANGE);
            assertThat(frontEnd.getConfig(0, 8).getLong()).isEqualTo((1 << 20) / 512);
            frontEnd.stop();
            frontEnd.start();
            assertThat(frontEnd.backEndChannel().awaitReadable(50)).isFalse();
        }
    }

    @Test
    void isToldWhenARingStarts() throws IOException {
        try (FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT.withQueues(3, 64))) {
            frontEnd.stop();
            disk.awaitEvent("stopped");
            resize(1 << 20);
            assertThat(frontEnd.backEndChannel().awaitReadable(50)).isFalse();
            frontEnd.start();
            assertThat(frontEnd.backEndChannel().request()).isEqualTo(CONFIG_CHANGE);
            assertThat(frontEnd.backEndChannel().awaitReadable(50)).as("once").isFalse();
        }
    }

    /** QEMU does not read the config space again when it reconnects, and what it has may be old. */
    @Test
    void isToldToAFrontEndThatReconnects() throws IOException {
        try (FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT)) {
            frontEnd.disconnect();
            disk.awaitClosed(CloseReason.DISCONNECTED);
            resize(1 << 20);
            frontEnd.reconnect();
            assertThat(frontEnd.backEndChannel().request()).isEqualTo(CONFIG_CHANGE);
        }
    }

    @Test
    void waitsForNobodyWhoDoesNotRead() throws IOException {
        try (FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT)) {
            for (int i = 0; i < 20_000; i++) {
                disk.reactor.run(() -> disk.reactor.server().configChanged());
            }
            assertThat(frontEnd.run(BlkRequest.flush()).status()).isEqualTo(BlkRequest.OK);
            int told = 0;
            while (frontEnd.backEndChannel().awaitReadable(50)) {
                assertThat(frontEnd.backEndChannel().request()).isEqualTo(CONFIG_CHANGE);
                told++;
            }
            assertThat(told).isBetween(2, 19_999);
        }
    }

    @Test
    void doesWithoutAChannelThatBroke() throws IOException {
        try (FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT)) {
            frontEnd.backEndChannel().close();
            resize(1 << 20);
            resize(2 << 20);
            assertThat(frontEnd.run(BlkRequest.flush()).status()).isEqualTo(BlkRequest.OK);
        }
    }

    @Test
    void takesAnotherChannel() throws IOException {
        final UnixSocket[] pair = UnixSocket.pair();
        try (FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT);
                FrontEndChannel other = new FrontEndChannel(pair[0])) {
            assertThat(frontEnd.channel().acknowledged(21, payload(0), pair[1].fd()))
                    .isZero();
            pair[1].close();
            resize(1 << 20);
            assertThat(other.request()).isEqualTo(CONFIG_CHANGE);
            frontEnd.backEndChannel().awaitEnd();
        }
    }

    /** What was written while there was a cache is durable before the driver learns that there is none. */
    @Test
    void flushesBeforeTheWriteCacheIsGone() throws IOException {
        try (FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT)) {
            disk.reactor.run(() -> disk.device.hold(true));
            frontEnd.queue(0).submit(BlkRequest.write(0, new byte[512]), Framing.USUAL);
            frontEnd.queue(0).publish();
            awaitPending(1);
            frontEnd.channel().sendRaw(25, 1 | 8, 13, wce(0));
            assertThat(frontEnd.channel().awaitReadable(50))
                    .as("a write is in flight")
                    .isFalse();
            assertThat(disk.reactor.<Long>call(disk.device::flushes)).isZero();

            disk.reactor.run(() -> {
                disk.device.hold(false);
                disk.device.doWork();
                disk.device.hold(true);
            });
            awaitPending(1);
            assertThat(disk.reactor.<Long>call(disk.device::flushes)).isEqualTo(1);
            assertThat(frontEnd.channel().awaitReadable(50))
                    .as("the flush is in flight")
                    .isFalse();

            disk.reactor.run(() -> disk.device.hold(false));
            assertThat(frontEnd.channel().reply(25).getLong()).isZero();
            assertThat(disk.writeCache.isEnabled()).isFalse();
            frontEnd.await(0);
            frontEnd.run(BlkRequest.write(0, new byte[512]));
            assertThat(disk.reactor.<Long>call(disk.device::durableWrites)).isEqualTo(1);
        }
    }

    @Test
    void saysSoWhenTheFlushFails() throws IOException {
        try (FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT)) {
            disk.reactor.run(() -> disk.device.failNext(1));
            assertThat(frontEnd.setConfig(WCE, 0)).isNotZero();
            assertThat(frontEnd.setConfig(WCE, 1)).isZero();
            assertThat(frontEnd.setConfig(WCE, 0)).isZero();
        }
    }

    private void awaitPending(final int count) {
        while (disk.reactor.<Integer>call(disk.device::pendingCount) < count) {
            Thread.onSpinWait();
        }
    }

    private static ByteBuffer wce(final int value) {
        return payload(13).putInt(WCE).putInt(1).putInt(0).put((byte) value).flip();
    }
}

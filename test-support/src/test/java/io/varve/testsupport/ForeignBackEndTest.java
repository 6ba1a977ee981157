package io.varve.testsupport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Holds the front-end that all other tests use against a back-end of another origin, qemu-storage-daemon, where that is
 * installed: what the front-end believes of the protocol is then not only what Varve believes.
 */
@Timeout(60)
class ForeignBackEndTest {
    private static final Path DAEMON = Path.of("/usr/bin/qemu-storage-daemon");
    private static final int CAPACITY = 16 << 20;

    @TempDir
    private Path directory;

    private Path socketPath;
    private Process daemon;

    @BeforeEach
    void startDaemon() throws IOException, InterruptedException {
        assumeTrue(Files.isExecutable(DAEMON), "qemu-storage-daemon is not installed");
        final Path image = directory.resolve("image");
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(CAPACITY);
        }
        socketPath = directory.resolve("foreign.sock");
        daemon = new ProcessBuilder(
                        DAEMON.toString(),
                        "--blockdev",
                        "driver=file,node-name=disk,discard=unmap,filename=" + image,
                        "--export",
                        "type=vhost-user-blk,id=disk,node-name=disk,writable=on,num-queues=2,addr.type=unix,addr.path="
                                + socketPath)
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("log").toFile())
                .start();
        while (!Files.exists(socketPath)) {
            assertThat(daemon.waitFor(10, TimeUnit.MILLISECONDS))
                    .as(() -> read(directory.resolve("log")))
                    .isFalse();
        }
    }

    private static String read(final Path path) {
        try {
            return Files.readString(path);
        } catch (final IOException e) {
            return e.toString();
        }
    }

    @AfterEach
    void stopDaemon() throws InterruptedException {
        if (daemon != null) {
            daemon.destroy();
            daemon.waitFor();
        }
    }

    @ParameterizedTest
    @CsvSource({"true, true, true", "true, false, true", "false, true, true", "true, true, false"})
    void isServed(final boolean indirect, final boolean eventIndex, final boolean slots) throws IOException {
        final FrontEndOptions options = FrontEndOptions.DEFAULT
                .withQueues(2, 128)
                .withIndirect(indirect)
                .withEventIndex(eventIndex)
                .withMemorySlots(slots);
        try (FrontEnd frontEnd = FrontEnd.started(socketPath, options)) {
            assertThat(frontEnd.capacity()).isEqualTo(CAPACITY);
            final Framing framing = Framing.random(new Random(4), 8);
            final LoadGenerator load = new LoadGenerator(frontEnd, 2000, 4096, 20, 3)
                    .flushEvery(100)
                    .framing(framing);
            load.run(5000);
            assertThat(frontEnd.run(1, BlkRequest.discard(13 << 20, 8192), framing)
                            .status())
                    .isEqualTo(BlkRequest.OK);
            assertThat(frontEnd.run(BlkRequest.writeZeroes(12 << 20, 8192, true))
                            .status())
                    .isEqualTo(BlkRequest.OK);
            assertThat(frontEnd.run(BlkRequest.getId()).inAsString()).isNotEmpty();
            frontEnd.stop();
            frontEnd.start();
            // Not with requests in flight: it does not wait for them when it is stopped.
            load.run(100);
            load.verifyAll(frontEnd);
        }
    }
}

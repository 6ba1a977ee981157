package io.varve.testvms;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.varve.testvms.blkio.BlkioClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** An independent vhost-user-blk client, libblkio's, with 32 requests in flight. */
@ExtendWith(Lab.Extension.class)
class LibblkioTest {
    private static final Path LIBRARY = Checkout.cached("trixie/libblkio.so.1");
    private static final Duration RUN_LIMIT = Duration.ofMinutes(3);
    private static final Duration REQUEST_LIMIT = Duration.ofSeconds(20);
    private static final Duration LOST_LIMIT = Duration.ofSeconds(3);
    private static final int DISK_MIB = 256;
    private static final int REQUESTS = 20_000;
    private static final int ENDLESS = Integer.MAX_VALUE;

    @BeforeAll
    static void requireLibrary() {
        assumeTrue(Files.isReadable(LIBRARY), "no libblkio on this machine: run dev/setup --with-qemu10");
    }

    @Test
    void readsBackWhatItWroteAfterARestartOfTheDaemon(final Lab lab) throws Exception {
        final Backend disk = lab.newDisk(DISK_MIB);
        for (int run = 1; run <= 3; run++) {
            disk.start();
            final Program client = client(lab, disk, run, REQUESTS, REQUEST_LIMIT);
            assertThat(client.awaitExit(RUN_LIMIT))
                    .as("exit status of run " + run)
                    .isZero();
            disk.stop();
        }
    }

    @Test
    void findsEveryCompletedWriteAfterTheDaemonWasKilled(final Lab lab) throws Exception {
        final Backend disk = lab.newDisk(DISK_MIB);
        for (int run = 1; run <= 5; run++) {
            disk.start();
            final Program client = client(lab, disk, run, ENDLESS, LOST_LIMIT);
            client.output().await("verified what was there", RUN_LIMIT);
            // Each time a little later, so that the log is in another state.
            for (int reports = 0; reports < run * run; reports++) {
                client.output().await("^running: ", RUN_LIMIT);
            }
            disk.kill();
            assertThat(client.awaitExit(RUN_LIMIT))
                    .as("exit status of run " + run)
                    .isEqualTo(BlkioClient.EXIT_LOST);
        }
        disk.start();
        final Program client = client(lab, disk, 0, REQUESTS, REQUEST_LIMIT);
        assertThat(client.awaitExit(RUN_LIMIT))
                .as("exit status of the last run")
                .isZero();
        disk.stop();
    }

    private static Program client(
            final Lab lab, final Backend disk, final long seed, final int requests, final Duration limit)
            throws IOException {
        return lab.run(
                "libblkio client",
                List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-XX:+UseSerialGC",
                        "-cp",
                        System.getProperty("java.class.path"),
                        BlkioClient.class.getName(),
                        LIBRARY.toString(),
                        disk.socket().toString(),
                        lab.directory().resolve("model").toString(),
                        Long.toString(seed),
                        Integer.toString(requests),
                        Long.toString(limit.toMillis())));
    }
}

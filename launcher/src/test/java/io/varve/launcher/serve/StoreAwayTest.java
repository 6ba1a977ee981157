package io.varve.launcher.serve;

import static io.varve.testsupport.FrontEndChannel.ringState;
import static org.assertj.core.api.Assertions.assertThat;

import io.varve.control.rpc.ControlClient;
import io.varve.linux.Mapping;
import io.varve.linux.Memory;
import io.varve.testsupport.BlkRequest;
import io.varve.testsupport.Framing;
import io.varve.testsupport.FrontEnd;
import io.varve.testsupport.FrontEndOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A front-end that wants its rings stopped while the store is away, and a read is outstanding. */
@Timeout(60)
class StoreAwayTest {
    private static final int GET_VRING_BASE = 11;
    private static final int LENGTH = 4096;

    @TempDir
    private Path home;

    @Test
    void aFrontEndIsDroppedInTimeAndAskedForNothingTwice() throws IOException, InterruptedException {
        final DaemonRig rig = new DaemonRig(home);
        rig.create("one");
        try (VarveProcess daemon = VarveProcess.daemon(home, "--read-cache-size", "0")) {
            final byte[] data = new byte[LENGTH];
            Arrays.fill(data, (byte) 7);
            try (FrontEnd before = FrontEnd.started(rig.attach("one"), FrontEndOptions.DEFAULT)) {
                assertThat(before.run(BlkRequest.write(0, data)).status()).isEqualTo(BlkRequest.OK);
            }
            rig.ok("detach", "one");
            forgetLogs();
            try (FrontEnd frontEnd = FrontEnd.started(attach(rig, "1s"), FrontEndOptions.DEFAULT)) {
                // From the first request on the daemon has the volume.
                assertThat(frontEnd.run(BlkRequest.flush()).status()).isEqualTo(BlkRequest.OK);
                Files.move(rig.store("one"), home.resolve("away"));
                frontEnd.queue(0).submit(BlkRequest.read(0, LENGTH), Framing.USUAL);
                frontEnd.queue(0).publish();
                awaitTaken(frontEnd);

                frontEnd.channel().send(GET_VRING_BASE, ringState(0, 0));

                frontEnd.channel().awaitEnd();
                daemon.awaitErr(line ->
                        line.contains("GET_VRING_BASE waits for 1 request in flight: reads wait for the" + " store"));
                daemon.awaitErr(line -> line.contains("GET_VRING_BASE has waited 1 s for 1 request in flight"));
                try (FrontEnd other = FrontEnd.started(rig.socket("one"), FrontEndOptions.DEFAULT)) {
                    assertThat(other.run(BlkRequest.write(1 << 20, data)).status())
                            .isEqualTo(BlkRequest.OK);
                }
                Files.move(home.resolve("away"), rig.store("one"));
                frontEnd.reconnect();
                final BlkRequest read = frontEnd.await(0);
                assertThat(read.status()).isEqualTo(BlkRequest.OK);
                assertThat(read.in()).isEqualTo(data);
                frontEnd.stop();
            }
            daemon.signal("TERM");
            assertThat(daemon.awaitExit()).as(daemon::describe).isZero();
        }
    }

    private static Path attach(final DaemonRig rig, final String answerTimeout) {
        try (ControlClient client = rig.client()) {
            client.call(
                    "attach",
                    Map.of(
                            "volume",
                            "one",
                            "socket_path",
                            rig.socket("one").toString(),
                            "settings",
                            Map.of("store", rig.url("one"), "answer-timeout", answerTimeout)));
        }
        return rig.socket("one");
    }

    private void forgetLogs() throws IOException {
        try (Stream<Path> files = Files.walk(home.resolve(".cache/varve"))) {
            for (final Path file : files.filter(Files::isRegularFile).toList()) {
                Files.delete(file);
            }
        }
    }

    /** Waits until the back-end has noted the first request as in flight. */
    private static void awaitTaken(final FrontEnd frontEnd) throws IOException {
        try (Mapping notes = Mapping.ofFile(frontEnd.inflightFd(), 0, frontEnd.inflightSize())) {
            final long deadlineNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
            boolean isTaken = false;
            while (!isTaken) {
                assertThat(System.nanoTime()).as("patience").isLessThan(deadlineNs);
                for (int i = 0; i < frontEnd.queue(0).size(); i++) {
                    isTaken |= Memory.getByte(notes.address() + 16 + 16L * i) != 0;
                }
                Thread.onSpinWait();
            }
        }
    }
}

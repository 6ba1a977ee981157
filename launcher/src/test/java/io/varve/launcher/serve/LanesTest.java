package io.varve.launcher.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.varve.testsupport.BlkRequest;
import io.varve.testsupport.Framing;
import io.varve.testsupport.FrontEnd;
import io.varve.testsupport.FrontEndOptions;
import io.varve.testsupport.LoadGenerator;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A guest with several queues, whose reads are served by more threads than one. What it has been told is written it must see on every queue. */
@Timeout(120)
class LanesTest {
    private static final int BLOCK_SIZE = 4096;

    @TempDir
    private Path home;

    private Path socket;

    @BeforeEach
    void createVolume() throws IOException, InterruptedException {
        socket = home.resolve("socket");
        try (VarveProcess create = VarveProcess.start(home, "volume", "create", "data", "--size", "256M")) {
            assertThat(create.awaitExit()).isZero();
        }
    }

    /** The log is small and goes round, so that blocks are in its window, in its file, in the read cache and in the store. */
    @ParameterizedTest
    @CsvSource({"2, 1", "4, 2", "4, 8"})
    void whatIsWrittenIsReadOnEveryQueue(final int queues, final int lanes) throws IOException, InterruptedException {
        try (VarveProcess serve = serve(lanes, "--cache-size", "32M");
                FrontEnd frontEnd = FrontEnd.started(socket, FrontEndOptions.DEFAULT.withQueues(queues, 64))) {
            final LoadGenerator load = new LoadGenerator(frontEnd, 4000, BLOCK_SIZE, 64, queues).flushEvery(50);
            load.framing(Framing.random(new Random(1), 4));
            load.writePercent(100).run(6_000);
            load.writePercent(40).run(15_000);
            load.writePercent(5).run(5_000);
            assertThat(lanesOf(serve)).isEqualTo(Math.min(lanes, queues - 1));
            load.verifyAll(frontEnd);
            endWell(serve);
        }
    }

    @Test
    void aGuestWithOneQueueHasNone() throws IOException, InterruptedException {
        try (VarveProcess serve = serve(2);
                FrontEnd frontEnd = FrontEnd.started(socket, FrontEndOptions.DEFAULT)) {
            new LoadGenerator(frontEnd, 1000, BLOCK_SIZE, 16, 1).run(500);
            assertThat(lanesOf(serve)).isZero();
            endWell(serve);
        }
    }

    /** Rings stop and start, the volume is let go and taken again. */
    @Test
    void guestsComeAndGo() throws IOException, InterruptedException {
        try (VarveProcess serve = serve(2);
                FrontEnd frontEnd = FrontEnd.started(socket, FrontEndOptions.DEFAULT.withQueues(3, 64))) {
            final LoadGenerator load = new LoadGenerator(frontEnd, 2000, BLOCK_SIZE, 48, 5).flushEvery(40);
            for (int i = 0; i < 8; i++) {
                load.run(1000);
                load.fill();
                if (i == 4) {
                    load.drain();
                    frontEnd.stop();
                    // Longer than a volume is kept for a guest that has stopped.
                    await().pollDelay(java.time.Duration.ofSeconds(7)).until(() -> true);
                    frontEnd.start();
                } else if (i % 2 == 0) {
                    frontEnd.stop();
                    frontEnd.start();
                } else {
                    frontEnd.reconnect();
                }
            }
            load.drain();
            load.verifyAll(frontEnd);
            endWell(serve);
        }
    }

    @Test
    void endsWhileGuestsRead() throws IOException, InterruptedException {
        try (VarveProcess serve = serve(2);
                FrontEnd frontEnd = FrontEnd.started(socket, FrontEndOptions.DEFAULT.withQueues(3, 64))) {
            final LoadGenerator load = new LoadGenerator(frontEnd, 2000, BLOCK_SIZE, 48, 5);
            load.run(3000);
            load.writePercent(0);
            load.fill();
            endWell(serve);
        }
        try (VarveProcess serve = serve(1);
                FrontEnd frontEnd = FrontEnd.started(socket, FrontEndOptions.DEFAULT.withQueues(2, 64))) {
            assertThat(frontEnd.run(1, BlkRequest.read(0, BLOCK_SIZE), Framing.USUAL)
                            .status())
                    .isEqualTo(BlkRequest.OK);
            endWell(serve);
        }
    }

    private VarveProcess serve(final int lanes, final String... more) throws IOException, InterruptedException {
        return VarveProcess.serve(
                home,
                socket,
                Stream.concat(Stream.of("--read-lanes", Integer.toString(lanes)), Stream.of(more))
                        .toArray(String[]::new));
    }

    private static void endWell(final VarveProcess serve) throws IOException, InterruptedException {
        serve.signal("TERM");
        assertThat(serve.awaitExit()).as(serve.err()).isZero();
    }

    private static long lanesOf(final VarveProcess serve) throws IOException {
        try (Stream<Path> tasks = Files.list(Path.of("/proc/" + serve.pid() + "/task"))) {
            return tasks.filter(LanesTest::isLane).count();
        }
    }

    /** The kernel keeps 15 characters of a thread's name. */
    private static boolean isLane(final Path task) {
        try {
            return Files.readString(task.resolve("comm")).startsWith("varve-data-lane");
        } catch (final IOException e) {
            return false;
        }
    }
}

package io.varve.testsupport;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The steady state allocates nothing, neither by the request nor by the turn. Rounds go on until the count is steady: so it does not
 * depend on how busy the machine is.
 */
@Timeout(600)
class AllocationTest {
    private static final int REQUESTS = 50_000;

    /** Rounds at most until the code is compiled for good. */
    private static final int MOST_ROUNDS = 40;

    /** Less than the smallest object for each other request. */
    private static final long MOST_BYTES = 8L * REQUESTS;

    @TempDir
    private Path directory;

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void requestsAllocateNothing(final int lanes) throws Exception {
        final String[] figures = CompiledJvm.run(Served.class, directory.toString(), Integer.toString(lanes));
        assertThat(Long.parseLong(figures[0])).as("bytes").isLessThan(MOST_BYTES);
        if (lanes > 0) {
            assertThat(Long.parseLong(figures[1])).as("served by the lane").isGreaterThan(REQUESTS / 10);
        }
    }

    /** Run in a JVM of its own by the test. */
    static final class Served {
        private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

        private final ServedDisk disk;
        private final boolean hasLane;

        private Served(final ServedDisk disk, final boolean hasLane) {
            this.disk = disk;
            this.hasLane = hasLane;
        }

        /**
         * Prints what the reactor's thread and the lane's allocate, in bytes, for {@link #REQUESTS} requests once that is steady;
         * and how many the lane has served.
         */
        public static void main(final String[] args) throws IOException {
            final Path directory = Path.of(args[0]);
            final int lanes = Integer.parseInt(args[1]);
            try (ServedDisk disk = ServedDisk.withLanes(directory, lanes);
                    FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT.withQueues(2, 64))) {
                final LoadGenerator load = new LoadGenerator(frontEnd, 2000, 4096, 32, 3)
                        .flushEvery(20)
                        .polling();
                final Served served = new Served(disk, lanes > 0);
                System.out.println(served.steady(load) + " " + disk.reactor.servedByLanes());
            }
        }

        private long steady(final LoadGenerator load) throws IOException {
            load.run(REQUESTS);
            allocated();
            long least = Long.MAX_VALUE;
            for (int round = 0; round < MOST_ROUNDS && least >= MOST_BYTES; round++) {
                final long before = allocated();
                load.run(REQUESTS);
                least = Math.min(least, allocated() - before);
            }
            return least;
        }

        private long allocated() {
            final long reactor = disk.reactor.<Long>call(THREADS::getCurrentThreadAllocatedBytes);
            return hasLane
                    ? reactor
                            + THREADS.getThreadAllocatedBytes(
                                    disk.reactor.laneThread(0).threadId())
                    : reactor;
        }
    }
}

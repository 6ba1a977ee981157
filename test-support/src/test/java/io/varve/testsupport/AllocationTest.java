package io.varve.testsupport;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The steady state allocates nothing: neither by the request, nor by the turn. */
@Timeout(120)
class AllocationTest {
    private static final int WARM_UP = 50_000;
    private static final int REQUESTS = 100_000;

    /**
     * Less than one object for each request: the linker's part of a system call allocates as long as C2 has not compiled
     * it, and there are some for each batch of requests.
     */
    private static final long MOST_BYTES = 8L * REQUESTS;

    @TempDir
    private Path directory;

    @Test
    void allocatesNothingInTheSteadyState() throws IOException {
        final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        try (ServedDisk disk = new ServedDisk(directory);
                FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT.withQueues(2, 64))) {
            final LoadGenerator load = new LoadGenerator(frontEnd, 2000, 4096, 32, 3)
                    .flushEvery(20)
                    .polling();
            load.run(WARM_UP);
            disk.reactor.<Long>call(threads::getCurrentThreadAllocatedBytes);
            final long before = disk.reactor.<Long>call(threads::getCurrentThreadAllocatedBytes);
            load.run(REQUESTS);
            final long after = disk.reactor.<Long>call(threads::getCurrentThreadAllocatedBytes);
            assertThat(after - before).isLessThan(MOST_BYTES);
        }
    }

    @Test
    void lanesAllocateNothingEither() throws IOException {
        final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        try (ServedDisk disk = ServedDisk.withLanes(directory, 1);
                FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT.withQueues(2, 64))) {
            final LoadGenerator load = new LoadGenerator(frontEnd, 2000, 4096, 32, 3)
                    .flushEvery(20)
                    .polling();
            load.run(WARM_UP);
            final long lane = disk.reactor.laneThread(0).threadId();
            threads.getThreadAllocatedBytes(lane);
            disk.reactor.<Long>call(threads::getCurrentThreadAllocatedBytes);
            final long before = disk.reactor.<Long>call(threads::getCurrentThreadAllocatedBytes);
            final long laneBefore = threads.getThreadAllocatedBytes(lane);
            load.run(REQUESTS);
            assertThat(disk.reactor.<Long>call(threads::getCurrentThreadAllocatedBytes) - before)
                    .isLessThan(MOST_BYTES);
            assertThat(threads.getThreadAllocatedBytes(lane) - laneBefore).isLessThan(MOST_BYTES);
            assertThat(disk.reactor.servedByLanes()).isGreaterThan(REQUESTS / 10);
        }
    }
}

package io.varve.benchmarks.parts;

import io.varve.testsupport.BlkRequest;
import io.varve.testsupport.DriverQueue;
import io.varve.testsupport.Framing;
import io.varve.testsupport.FrontEnd;
import io.varve.testsupport.FrontEndOptions;
import io.varve.testsupport.MemoryBlockDevice;
import io.varve.testsupport.ReactorThread;
import io.varve.vhostuser.SessionOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * A read of 512 bytes from memory through a virtqueue, driver and device on one thread: all that a request costs besides the disk,
 * and besides waking each other up.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class VirtqueueBenchmark {
    private static final int LENGTH = 512;
    private static final int ROUNDS = 1024;

    /** Kind of ring. */
    @Param({"split", "packed"})
    public String ring;

    /** Requests in flight. */
    @Param({"1", "32"})
    public int depth;

    private Path directory;
    private MemoryBlockDevice device;
    private ReactorThread reactor;
    private FrontEnd frontEnd;

    /** Connects driver and device. */
    @Setup
    public void connect() throws IOException {
        directory = Files.createTempDirectory("varve-queue");
        final Path socket = directory.resolve("disk.sock");
        device = new MemoryBlockDevice(1 << 20);
        reactor = new ReactorThread(socket, device, SessionOptions.of("disk"));
        frontEnd = FrontEnd.started(socket, FrontEndOptions.DEFAULT.withPacked(ring.equals("packed")));
        frontEnd.queue(0).refuseCalls();
    }

    /** Takes them apart. */
    @TearDown
    public void disconnect() throws IOException {
        frontEnd.close();
        reactor.close();
        device.close();
        Files.deleteIfExists(directory.resolve("disk.sock"));
        Files.delete(directory);
    }

    /** One request of many. */
    @Benchmark
    @OperationsPerInvocation(ROUNDS)
    public int request() {
        return reactor.<Integer>call(this::round);
    }

    private int round() {
        final DriverQueue queue = frontEnd.queue(0);
        for (int i = 0; i < depth; i++) {
            queue.submit(BlkRequest.read((long) i * LENGTH, LENGTH), Framing.USUAL);
        }
        int done = 0;
        while (queue.inFlight() > 0) {
            queue.publish();
            reactor.server().doWork();
            for (BlkRequest request = queue.poll(); request != null; request = queue.poll()) {
                done++;
                if (done + queue.inFlight() < ROUNDS) {
                    queue.submit(request, Framing.USUAL);
                }
            }
        }
        return done;
    }
}

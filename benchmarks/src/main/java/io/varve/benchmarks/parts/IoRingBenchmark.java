package io.varve.benchmarks.parts;

import io.varve.linux.EventFd;
import io.varve.linux.IoRing;
import io.varve.linux.IoRings;
import io.varve.linux.LinuxFile;
import io.varve.linux.Mapping;
import io.varve.linux.Memory;
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

/** Turns of the ring, with the kernel's io_uring and with the pool of threads that stands in for it. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class IoRingBenchmark {
    private static final int BLOCK = 4096;
    private static final int DEPTH = 32;

    /** Which ring. */
    @Param({"uring", "threads"})
    public String kind;

    private IoRing ring;
    private EventFd event;
    private Mapping buffer;
    private Path path;
    private LinuxFile file;
    private int handler;

    /** Opens a ring, and a file of which all is in the page cache. */
    @Setup
    public void open() throws IOException {
        System.setProperty("varve.io", kind);
        ring = IoRings.open(IoRings.DEFAULT_ENTRIES);
        event = EventFd.create();
        buffer = Memory.allocate((long) DEPTH * BLOCK);
        path = Files.createTempFile("varve-ring", ".dat");
        file = LinuxFile.open(path, LinuxFile.O_RDWR);
        file.pwrite(buffer.address(), buffer.length(), 0);
        handler = ring.register((data, result, flags) -> {
            if (result < 0) {
                throw new IllegalStateException("failed: " + result);
            }
        });
    }

    /** Gives everything back. */
    @TearDown
    public void close() throws IOException {
        file.close();
        Files.delete(path);
        ring.close();
        event.close();
        buffer.close();
    }

    /** A turn of a ring that has nothing to do, as when a reactor polls. */
    @Benchmark
    public int emptyTurn() {
        return ring.turn(0);
    }

    /** An eventfd is written, as when a guest is called. */
    @Benchmark
    public int signal() {
        ring.signal(event.fd(), handler, 0);
        return ring.turn(0);
    }

    /** Another thread wakes the ring. */
    @Benchmark
    public int wakeUp() {
        ring.wakeUp();
        return ring.turn(-1);
    }

    /** A read of 4 KiB, one at a time. */
    @Benchmark
    public int read() {
        ring.read(file.fd(), buffer.address(), BLOCK, 0, handler, 0);
        return ring.turn(-1);
    }

    /** The same, 32 at a time; for each. */
    @Benchmark
    @OperationsPerInvocation(DEPTH)
    public int readsInABatch() {
        for (int i = 0; i < DEPTH; i++) {
            ring.read(file.fd(), buffer.address() + (long) i * BLOCK, BLOCK, (long) i * BLOCK, handler, 0);
        }
        int done = 0;
        while (done < DEPTH) {
            done += ring.turn(-1);
        }
        return done;
    }
}

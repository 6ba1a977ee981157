package io.varve.benchmarks.parts;

import io.varve.lsvd.map.ExtentMap;
import io.varve.lsvd.map.Location;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** Look-ups and overwrites of single blocks at random, in a map of single blocks and in one of long runs. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class ExtentMapBenchmark {
    private static final int BLOCKS = 1 << 20;

    /** Length in blocks of the writes that have made the map. */
    @Param({"1", "2048"})
    public int runs;

    private final Random random = new Random(1);
    private ExtentMap map;
    private long sequence;

    /** Makes the map. */
    @Setup
    public void fill() {
        map = new ExtentMap();
        for (int block = 0; block < BLOCKS; block += runs) {
            map.append(block, runs, Location.inObject(++sequence, 0));
        }
    }

    /** Gives its memory back. */
    @TearDown
    public void close() {
        map.close();
    }

    /** Where a block is. */
    @Benchmark
    public long find() {
        map.find(random.nextInt(BLOCKS));
        return map.foundLocation();
    }

    /** A block is overwritten. */
    @Benchmark
    public void put() {
        map.put(random.nextInt(BLOCKS), 1, Location.inObject(++sequence, 0));
    }
}

package io.varve.benchmarks.parts;

import io.varve.lsvd.format.BlockChecksums;
import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.format.Checksum;
import io.varve.lsvd.format.LogRecord;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.UUID;
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

/** What a write costs before it is given to the kernel: copies, checksums, and the record's header. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class LogRecordBenchmark {
    private static final UUID VOLUME = new UUID(1, 2);

    /** Blocks of a record, each a write of its own. */
    @Param({"1", "32"})
    public int blocks;

    private Arena arena;
    private MemorySegment guest;
    private MemorySegment log;
    private Checksum checksum;
    private final int[] checksums = new int[LogRecord.MAX_BLOCKS];
    private final BlockChecksums byIndex = index -> checksums[(int) index];
    private LogRecord record;
    private long sequence;

    /** Makes memory. */
    @Setup
    public void allocate() {
        arena = Arena.ofShared();
        guest = arena.allocate((long) blocks * Blocks.SIZE, Blocks.SIZE);
        log = arena.allocate(LogRecord.MAX_LENGTH, Blocks.SIZE);
        checksum = new Checksum(log);
        record = new LogRecord(log).wrap(0);
    }

    /** Gives it back. */
    @TearDown
    public void free() {
        arena.close();
    }

    /** CRC32C of a block. */
    @Benchmark
    public int checksumOfABlock() {
        return checksum.of(LogRecord.HEADER_LENGTH, Blocks.SIZE);
    }

    /** A whole record. */
    @Benchmark
    public int build() {
        record.begin(VOLUME, 1, 1, ++sequence, 0);
        for (int i = 0; i < blocks; i++) {
            final int at = LogRecord.HEADER_LENGTH + i * Blocks.SIZE;
            MemorySegment.copy(guest, (long) i * Blocks.SIZE, log, at, Blocks.SIZE);
            checksums[i] = checksum.of(at, Blocks.SIZE);
            record.addData(i * 17L, 1);
        }
        return record.seal(0, 1, sequence - 1, byIndex, 0);
    }
}

package io.varve.benchmarks;

import java.util.List;

/**
 * What a client does.
 *
 * @param name         for tables and {@code --only}.
 * @param blockSize    of a request, in bytes.
 * @param depth        requests in flight.
 * @param writePercent how many of 100 requests write.
 * @param flushEvery   a flush follows so many requests; 0 for none.
 * @param isSequential whether requests follow each other, or fall anywhere.
 */
record Workload(String name, int blockSize, int depth, int writePercent, int flushEvery, boolean isSequential) {
    private static final int BLOCK = 4 << 10;
    private static final int MIB = 1 << 20;

    /** All that are measured, those that only read first. */
    static final List<Workload> ALL = List.of(
            new Workload("rand-read-qd1", BLOCK, 1, 0, 0, false),
            new Workload("rand-read-qd32", BLOCK, 32, 0, 0, false),
            new Workload("seq-read-64k-qd8", 64 << 10, 8, 0, 0, true),
            new Workload("seq-read-1m-qd4", MIB, 4, 0, 0, true),
            new Workload("rand-50-50-qd32", BLOCK, 32, 50, 0, false),
            new Workload("rand-write-qd1", BLOCK, 1, 100, 0, false),
            new Workload("rand-write-qd32", BLOCK, 32, 100, 0, false),
            new Workload("write-flush-qd1", BLOCK, 1, 100, 1, false),
            new Workload("write-flush64-qd32", BLOCK, 32, 100, 64, false),
            new Workload("seq-write-64k-qd8", 64 << 10, 8, 100, 0, true),
            new Workload("seq-write-1m-qd4", MIB, 4, 100, 0, true));

    /** Fills the disk, so that everything is read from somewhere. */
    static final Workload FILL = new Workload("fill", MIB, 4, 100, 0, true);

    /** Whether it changes the disk. */
    boolean writes() {
        return writePercent > 0;
    }
}

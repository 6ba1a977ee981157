package io.varve.benchmarks;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a client does.
 *
 * @param name         for tables and {@code --only}.
 * @param blockSize    of a request, in bytes.
 * @param depth        requests in flight, in all queues together.
 * @param writePercent how many of 100 requests write.
 * @param flushEvery   a flush follows so many requests; 0 for none.
 * @param isSequential whether requests follow each other, or fall anywhere.
 * @param queues       by how many queues the requests go, in turns.
 */
record Workload(
        String name, int blockSize, int depth, int writePercent, int flushEvery, boolean isSequential, int queues) {
    private static final int BLOCK = 4 << 10;
    private static final int MIB = 1 << 20;

    /** All that are measured: those that only read a disk that was written in order first, then random ones, then what those leave behind. */
    static final List<Workload> ALL = List.of(
            new Workload("rand-read-qd1", BLOCK, 1, 0, 0, false),
            new Workload("rand-read-qd32", BLOCK, 32, 0, 0, false),
            new Workload("rand-read-qd32-2q", BLOCK, 32, 0, 0, false, 2),
            new Workload("rand-read-qd32-4q", BLOCK, 32, 0, 0, false, 4),
            new Workload("seq-read-64k-qd8", 64 << 10, 8, 0, 0, true),
            new Workload("seq-read-1m-qd4", MIB, 4, 0, 0, true),
            new Workload("rand-50-50-qd32", BLOCK, 32, 50, 0, false),
            new Workload("rand-write-qd1", BLOCK, 1, 100, 0, false),
            new Workload("rand-write-qd32", BLOCK, 32, 100, 0, false),
            new Workload("write-flush-qd1", BLOCK, 1, 100, 1, false),
            new Workload("write-flush64-qd32", BLOCK, 32, 100, 64, false),
            new Workload("aged-read-64k-qd8", 64 << 10, 8, 0, 0, true),
            new Workload("aged-read-1m-qd4", MIB, 4, 0, 0, true),
            new Workload("seq-write-64k-qd8", 64 << 10, 8, 100, 0, true),
            new Workload("seq-write-1m-qd4", MIB, 4, 100, 0, true));

    /** What is measured before disks that do nothing: all that is left is the protocol. */
    static final List<Workload> OF_NULL_DISKS =
            List.of(new Workload("null-qd1", BLOCK, 1, 0, 0, false), new Workload("null-qd32", BLOCK, 32, 0, 0, false));

    /** What a daemon does from its start on, one after the other, and until which second: JVMs are slow at first. */
    static final Map<Workload, Integer> AFTER_A_START = new TreeMap<>(Comparator.comparing(Workload::name));

    static {
        for (final int second : new int[] {1, 5, 30}) {
            AFTER_A_START.put(
                    new Workload(
                            String.format(Locale.ROOT, "start-to-%02ds-50-50-qd32", second), BLOCK, 32, 50, 0, false),
                    second);
        }
    }

    /** Fills the disk, so that everything is read from somewhere. */
    static final Workload FILL = new Workload("fill", MIB, 4, 100, 0, true);

    /** Has the back-end's code compiled. */
    static final Workload WARM_UP = new Workload("warm-up", BLOCK, 16, 50, 64, false);

    Workload(
            final String name,
            final int blockSize,
            final int depth,
            final int writePercent,
            final int flushEvery,
            final boolean isSequential) {
        this(name, blockSize, depth, writePercent, flushEvery, isSequential, 1);
    }

    /** Whether it changes the disk. */
    boolean writes() {
        return writePercent > 0;
    }
}

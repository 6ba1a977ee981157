package io.varve.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/**
 * Measures reads of the same data from where it can be: the local log, the store (a directory), and the read cache. One client, one
 * queue; a run of each workload after the other, as a Markdown table. What is on the store's disk is likely to be in the
 * machine's memory: a store over a network is slower by its round trip.
 */
public final class ReadBench {
    private static final long SPAN = 512L << 20;
    private static final long LOG = 1L << 30;
    private static final Workload ALL = new Workload("all", 1 << 20, 4, 0, 0, true);
    private static final long RUN_NS = TimeUnit.SECONDS.toNanos(8);
    private static final List<Workload> WORKLOADS =
            Workload.ALL.stream().filter(workload -> !workload.writes()).toList();

    private ReadBench() {}

    /** The program: the {@code varve} command, and a directory to work in. */
    public static void main(final String[] arguments) throws IOException, InterruptedException {
        final Path command = Path.of(arguments[0]);
        final Path directory = Files.createTempDirectory(Files.createDirectories(Path.of(arguments[1])), "reads-");
        try {
            run(command, directory);
        } finally {
            Bench.delete(directory);
        }
    }

    private static void run(final Path command, final Path directory) throws IOException, InterruptedException {
        System.out.println("| from | workload | per second | p50 | p99 | CPU each |");
        System.out.println("|---|---|---|---|---|---|");
        try (Varve varve = Varve.start(command, directory, SPAN, LOG, List.of("--read-cache-size", "0"))) {
            Client.run(varve, Workload.FILL, SPAN, SPAN / Workload.FILL.blockSize(), Long.MAX_VALUE / 2, 1);
            varve.settle(RUN_NS);
            measure(varve, "log");
        }
        try (Varve varve = Varve.again(command, directory, LOG, List.of("--read-cache-size", "0"))) {
            measure(varve, "store, no cache");
        }
        try (Varve varve = Varve.again(command, directory, LOG, List.of("--read-cache-size", "64M"))) {
            measure(varve, "store, through a cache of 64M");
        }
        try (Varve varve = Varve.again(command, directory, LOG, List.of("--read-cache-size", "1G"))) {
            Client.run(varve, ALL, SPAN, SPAN / ALL.blockSize(), Long.MAX_VALUE / 2, 2);
            varve.settle(RUN_NS);
            measure(varve, "cache");
        }
        try (Varve varve = Varve.again(command, directory, LOG, List.of("--read-cache-size", "1G"))) {
            measure(varve, "cache, after a restart");
        }
    }

    private static void measure(final Varve varve, final String from) throws IOException {
        for (final Workload workload : WORKLOADS) {
            print(from, workload, Client.run(varve, workload, SPAN, Long.MAX_VALUE, RUN_NS, 3));
        }
    }

    private static void print(final String from, final Workload workload, final Measurement result) {
        System.out.printf(
                Locale.ROOT,
                "| %s | %s | %,.0f | %.0f us | %.0f us | %.1f us |%n",
                from,
                workload.name(),
                result.requestsPerSecond(),
                result.latencyUs(50),
                result.latencyUs(99),
                result.cpuUsPerRequest());
    }
}

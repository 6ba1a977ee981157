package io.varve.benchmarks;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.HdrHistogram.Histogram;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * Measures how often the JVM stops all threads of a busy daemon, the reactor among them, and for how long: until the last has stopped
 * (time to safepoint), and until they go on.
 */
@Command(
        name = "pauses",
        description = "For how long the JVM stops all threads of a daemon, by cause, while a client reads and writes.",
        mixinStandardHelpOptions = true)
public final class PauseBench implements Callable<Integer> {
    private static final int WRONG_USE = 2;
    private static final long DISK = 2L << 30;
    private static final long SPAN = 1L << 30;
    private static final long LOG = 4L << 30;
    private static final long LONGEST_NS = TimeUnit.MINUTES.toNanos(10);
    private static final long MAX_SETTLE_NS = TimeUnit.SECONDS.toNanos(60);

    /** As the JVM logs it with the tag {@code safepoint}. */
    private static final Pattern SAFEPOINT =
            Pattern.compile("Safepoint \"([^\"]+)\".* Reaching safepoint: +(\\d+) ns,.* Total: +(\\d+) ns");

    @Mixin
    private BenchPlace at;

    @Option(names = "--workload", defaultValue = "rand-50-50-qd32", description = "What to do (${DEFAULT-VALUE}).")
    private String name;

    @Option(
            names = "--seconds",
            defaultValue = "60",
            description = "How long to measure, after half as long without (${DEFAULT-VALUE}).")
    private int seconds;

    private final PrintStream out = System.out;

    /** Pauses of one cause. */
    private static final class Pauses {
        private final Histogram reachingNs = new Histogram(LONGEST_NS, 3);
        private final Histogram totalNs = new Histogram(LONGEST_NS, 3);
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        final Workload workload = Workload.ALL.stream()
                .filter(one -> one.name().equals(name))
                .findFirst()
                .orElse(null);
        if (seconds < 1) {
            System.err.println("bench: seconds are at least 1");
            return WRONG_USE;
        }
        if (workload == null) {
            final List<String> names = Workload.ALL.stream().map(Workload::name).toList();
            System.err.println("bench: there is no workload '" + name + "'; one of " + String.join(", ", names));
            return WRONG_USE;
        }
        final Path place = at.make("pauses-");
        final Path log = place.resolve("safepoints.log");
        try (Varve varve = Varve.start(place, StoreAddress.in(place), DISK, LOG, List.of())) {
            out.println("filling 1 GiB");
            Client.run(varve, Workload.FILL, SPAN, SPAN / Workload.FILL.blockSize(), Long.MAX_VALUE / 2, 1);
            varve.settle(MAX_SETTLE_NS);
            run(varve, workload, seconds / 2, 2);
            varve.settle(MAX_SETTLE_NS);
            beginLog(varve.process(), log);
            final Measurement measured = run(varve, workload, seconds, 3);
            report(workload, measured, read(log));
        }
        return 0;
    }

    private static Measurement run(final Varve varve, final Workload workload, final int seconds, final long seed)
            throws IOException {
        return Client.run(varve, workload, SPAN, Long.MAX_VALUE, TimeUnit.SECONDS.toNanos(seconds), seed);
    }

    private static void beginLog(final Process daemon, final Path log) throws IOException, InterruptedException {
        final Process jcmd = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(),
                        daemon.pid() + "",
                        "VM.log",
                        "output=" + log,
                        "what=safepoint=info",
                        "decorators=uptime")
                .redirectErrorStream(true)
                .redirectOutput(log.resolveSibling("jcmd.log").toFile())
                .start();
        if (jcmd.waitFor() != 0 || !Files.exists(log)) {
            throw new IOException(
                    "jcmd: " + Files.readString(log.resolveSibling("jcmd.log")).strip());
        }
    }

    private static Map<String, Pauses> read(final Path log) throws IOException {
        final Map<String, Pauses> byCause = new TreeMap<>();
        for (final String line : Files.readAllLines(log)) {
            final Matcher matcher = SAFEPOINT.matcher(line);
            if (matcher.find()) {
                final Pauses pauses = byCause.computeIfAbsent(matcher.group(1), cause -> new Pauses());
                pauses.reachingNs.recordValue(Math.min(LONGEST_NS, Long.parseLong(matcher.group(2))));
                pauses.totalNs.recordValue(Math.min(LONGEST_NS, Long.parseLong(matcher.group(3))));
            }
        }
        return byCause;
    }

    private void report(final Workload workload, final Measurement measured, final Map<String, Pauses> byCause) {
        final double elapsedNs = measured.requests() / measured.requestsPerSecond() * TimeUnit.SECONDS.toNanos(1);
        out.printf(
                Locale.ROOT,
                "%n%s, %.0f requests a second for %d s; times in us%n%n",
                workload.name(),
                measured.requestsPerSecond(),
                seconds);
        out.println("| cause | pauses | to safepoint, p50 | p99 | longest | whole pause, p50 | p99 | longest"
                + " | part of the time |");
        out.println("|---|---|---|---|---|---|---|---|---|");
        byCause.forEach((cause, pauses) -> out.printf(
                Locale.ROOT,
                "| %s | %d | %s | %s | %.3f %% |%n",
                cause,
                pauses.totalNs.getTotalCount(),
                micros(pauses.reachingNs),
                micros(pauses.totalNs),
                pauses.totalNs.getMean() * pauses.totalNs.getTotalCount() / elapsedNs * 100));
    }

    private static String micros(final Histogram ns) {
        return String.format(
                Locale.ROOT,
                "%.0f | %.0f | %.0f",
                ns.getValueAtPercentile(50) / 1e3,
                ns.getValueAtPercentile(99) / 1e3,
                ns.getMaxValue() / 1e3);
    }
}

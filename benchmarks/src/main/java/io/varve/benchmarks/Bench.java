package io.varve.benchmarks;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Compares Varve and QEMU's own back-end, side by side, in alternating runs through the same front-end. */
@Command(
        name = "dev/bench",
        description =
                "Compares Varve and qemu-storage-daemon, which serves a raw file with O_DIRECT and io_uring on the same"
                        + " disk: the same client, alternating runs, medians and ratios.",
        mixinStandardHelpOptions = true)
public final class Bench implements Callable<Integer> {
    private static final int WRONG_USE = 2;
    private static final long GIB = 1L << 30;
    private static final long WARM_UP_NS = TimeUnit.SECONDS.toNanos(8);
    private static final long SETTLE_NS = TimeUnit.SECONDS.toNanos(60);

    @Option(names = "--varve", required = true, hidden = true)
    private Path varve;

    @Option(
            names = "--rounds",
            defaultValue = "5",
            description = "Runs of each of the two for a workload (${DEFAULT-VALUE}).")
    private int rounds;

    @Option(names = "--seconds", defaultValue = "4", description = "Length of a run (${DEFAULT-VALUE}).")
    private int seconds;

    @Option(names = "--only", split = ",", paramLabel = "NAME", description = "Measure these workloads only.")
    private List<String> only = List.of();

    @Option(names = "--span", defaultValue = "1", description = "GiB of the disk that are used (${DEFAULT-VALUE}).")
    private int spanGib;

    @Option(names = "--log", defaultValue = "8", description = "GiB of Varve's local log (${DEFAULT-VALUE}).")
    private int logGib;

    @Option(
            names = "--directory",
            required = true,
            description =
                    "Where disks are made, and removed again; report.md and report.svg stay (benchmarks/target/bench).")
    private Path directory;

    @Option(names = "--varve-option", hidden = true, description = "Passed on to varve serve.")
    private List<String> varveOptions = List.of();

    private final PrintStream out = System.out;

    /** Runs the command. */
    public static void main(final String[] arguments) {
        System.exit(new CommandLine(new Bench())
                .setExecutionExceptionHandler((e, commandLine, parsed) -> {
                    System.err.println("bench: " + e.getMessage());
                    return 1;
                })
                .execute(arguments));
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        final List<Workload> workloads = new ArrayList<>();
        for (final Workload workload : Workload.ALL) {
            if (only.isEmpty() || only.contains(workload.name())) {
                workloads.add(workload);
            }
        }
        final List<String> names = Workload.ALL.stream().map(Workload::name).toList();
        if (!names.containsAll(only) || rounds < 1 || seconds < 1 || spanGib < 1 || logGib < 1) {
            System.err.println(
                    "bench: rounds, seconds and sizes are at least 1, and workloads are " + String.join(", ", names));
            return WRONG_USE;
        }
        Files.createDirectories(directory);
        final Path disks = Files.createTempDirectory(directory, "disks-");
        try (Contender ours = Varve.start(
                        varve,
                        Files.createDirectory(disks.resolve("varve")),
                        2 * spanGib * GIB,
                        logGib * GIB,
                        varveOptions);
                Contender theirs =
                        StorageDaemon.start(Files.createDirectory(disks.resolve("raw")), 2 * spanGib * GIB)) {
            prepare(ours);
            prepare(theirs);
            final List<Comparison> comparisons = new ArrayList<>();
            for (final Workload workload : workloads) {
                comparisons.add(compare(workload, ours, theirs));
            }
            final String report = Report.markdown(comparisons, theirs.name());
            out.println();
            out.print(report);
            Files.writeString(directory.resolve("report.md"), report);
            Files.writeString(directory.resolve("report.svg"), Report.svg(comparisons, theirs.name()));
            out.println("\nreport.md and report.svg are in " + directory);
        } finally {
            delete(disks);
        }
        return 0;
    }

    private void prepare(final Contender contender) throws IOException, InterruptedException {
        out.println(contender.name() + ": filling " + spanGib + " GiB and warming up");
        final long fill = spanGib * GIB / Workload.FILL.blockSize();
        Client.run(contender, Workload.FILL, spanGib * GIB, fill, Long.MAX_VALUE / 2, 1);
        final Workload warmUp = new Workload("warm-up", 4096, 16, 50, 64, false);
        Client.run(contender, warmUp, spanGib * GIB, Long.MAX_VALUE, WARM_UP_NS, 2);
        contender.settle(SETTLE_NS);
    }

    private Comparison compare(final Workload workload, final Contender ours, final Contender theirs)
            throws IOException, InterruptedException {
        final Comparison comparison = new Comparison(workload);
        for (int round = 0; round < rounds; round++) {
            final Measurement ofOurs = measure(workload, ours, round);
            final Measurement ofTheirs = measure(workload, theirs, round);
            comparison.add(ofOurs, ofTheirs);
            out.printf(
                    "%s, round %d/%d: %.0f and %.0f requests a second%n",
                    workload.name(), round + 1, rounds, ofOurs.requestsPerSecond(), ofTheirs.requestsPerSecond());
        }
        return comparison;
    }

    private Measurement measure(final Workload workload, final Contender contender, final long seed)
            throws IOException, InterruptedException {
        final Measurement measurement =
                Client.run(contender, workload, spanGib * GIB, Long.MAX_VALUE, TimeUnit.SECONDS.toNanos(seconds), seed);
        if (workload.writes()) {
            contender.settle(SETTLE_NS);
        }
        return measurement;
    }

    static void delete(final Path root) throws IOException {
        try (Stream<Path> paths = Files.walk(root)) {
            for (final Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }
}

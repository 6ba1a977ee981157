package io.varve.benchmarks;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Compares Varve and QEMU's own back-end, side by side, in alternating runs through the same front-end. */
@Command(
        name = "dev/bench",
        description =
                "Compares Varve and qemu-storage-daemon, which serves a raw file with O_DIRECT and io_uring on the same"
                        + " disk: the same client, alternating runs, medians and ratios.",
        subcommands = {
            StoreBench.class,
            MoveBench.class,
            TakeOverBench.class,
            GuestBench.class,
            SpaceBench.class,
            IdleBench.class,
            PauseBench.class,
            BesideBench.class
        },
        mixinStandardHelpOptions = true)
public final class Bench implements Callable<Integer> {
    private static final int WRONG_USE = 2;
    private static final long GIB = 1L << 30;
    private static final long WARM_UP_NS = TimeUnit.SECONDS.toNanos(8);
    private static final long SETTLE_NS = TimeUnit.SECONDS.toNanos(60);

    @Mixin
    private BenchPlace at;

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
            names = "--new-log",
            description = "Leave the log's first lap to what is measured: each of its blocks is written twice in it.")
    private boolean isNewLog;

    @Option(
            names = "--store",
            paramLabel = "DIR",
            defaultValue = "/dev/shm",
            description =
                    "Where Varve's objects go (${DEFAULT-VALUE}): stores are other machines as a rule, with disks of"
                            + " their own, and what is measured is the disk of this one.")
    private Path storeDirectory;

    @Option(names = "--varve-option", hidden = true, description = "Passed on to varve serve.")
    private List<String> varveOptions = List.of();

    private final PrintStream out = System.out;
    private Path stores;

    /** Runs the command. */
    public static void main(final String[] arguments) {
        System.exit(new CommandLine(new Bench())
                .setExecutionExceptionHandler((e, commandLine, parsed) -> {
                    if (!BenchPlace.isEnding()) {
                        System.err.println("bench: " + e.getMessage());
                    }
                    return 1;
                })
                .execute(arguments));
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        final List<String> names = Stream.of(Workload.ALL, Workload.OF_NULL_DISKS, Workload.AFTER_A_START.keySet())
                .flatMap(Collection::stream)
                .map(Workload::name)
                .toList();
        if (!names.containsAll(only)
                || rounds < 1
                || seconds < 1
                || spanGib < 1
                || logGib < 1
                || !Files.isDirectory(storeDirectory)) {
            System.err.println(
                    "bench: rounds, seconds and sizes are at least 1, a store's directory is there, and workloads are "
                            + String.join(", ", names));
            return WRONG_USE;
        }
        final Path disks = at.make("disks-");
        stores = BenchPlace.make(storeDirectory, "bench-");
        final List<Comparison> comparisons = new ArrayList<>();
        compareDisks(disks, comparisons);
        compareStarts(disks, comparisons);
        compareNullDisks(disks, comparisons);
        final String report = Report.markdown(comparisons, StorageDaemon.NAME);
        out.println();
        out.print(report);
        Files.writeString(at.directory().resolve("report.md"), report);
        Files.writeString(at.directory().resolve("report.svg"), Report.svg(comparisons, StorageDaemon.NAME));
        out.println("\nreport.md and report.svg are in " + at.directory());
        return 0;
    }

    private StoreAddress storeBeside(final Path disk) {
        return StoreAddress.in(stores.resolve(disk.getFileName()));
    }

    private List<Workload> chosen(final Collection<Workload> workloads) {
        return workloads.stream()
                .filter(workload -> only.isEmpty() || only.contains(workload.name()))
                .toList();
    }

    private void compareDisks(final Path disks, final List<Comparison> comparisons)
            throws IOException, InterruptedException {
        final List<Workload> workloads = chosen(Workload.ALL);
        if (workloads.isEmpty()) {
            return;
        }
        final Path ofOurs = Files.createDirectory(disks.resolve("varve"));
        try (Contender ours = Varve.start(ofOurs, storeBeside(ofOurs), 2 * spanGib * GIB, logGib * GIB, varveOptions);
                Contender theirs =
                        StorageDaemon.start(Files.createDirectory(disks.resolve("raw")), 2 * spanGib * GIB)) {
            // Both write to blocks that have been written before: the raw file's, and the log's, once around.
            prepare(ours, isNewLog ? 1 : (logGib + spanGib - 1) / spanGib);
            prepare(theirs, 1);
            for (final Workload workload : workloads) {
                comparisons.add(compare(workload, ours, theirs));
            }
        }
    }

    /** Each round begins with two daemons that have just been started, on disks that are full. */
    private void compareStarts(final Path disks, final List<Comparison> comparisons)
            throws IOException, InterruptedException {
        final List<Workload> workloads = chosen(Workload.AFTER_A_START.keySet());
        if (workloads.isEmpty()) {
            return;
        }
        final Path ofOurs = Files.createDirectory(disks.resolve("varve-starts"));
        final Path ofTheirs = Files.createDirectory(disks.resolve("raw-starts"));
        try (Contender ours = Varve.start(ofOurs, storeBeside(ofOurs), 2 * spanGib * GIB, logGib * GIB, varveOptions);
                Contender theirs = StorageDaemon.start(ofTheirs, 2 * spanGib * GIB)) {
            fill(ours);
            fill(theirs);
        }
        final List<Comparison> starts = workloads.stream().map(Comparison::new).toList();
        for (int round = 0; round < rounds; round++) {
            final List<Measurement> ourStart;
            try (Contender ours = Varve.again(ofOurs, storeBeside(ofOurs), logGib * GIB, varveOptions)) {
                ourStart = measureStart(workloads, ours, round);
            }
            try (Contender theirs = StorageDaemon.start(ofTheirs, 2 * spanGib * GIB)) {
                final List<Measurement> theirStart = measureStart(workloads, theirs, round);
                for (int i = 0; i < workloads.size(); i++) {
                    add(starts.get(i), ourStart.get(i), theirStart.get(i), round);
                }
            }
        }
        comparisons.addAll(starts);
    }

    private List<Measurement> measureStart(final List<Workload> workloads, final Contender contender, final int round)
            throws IOException {
        final List<Measurement> measurements = new ArrayList<>();
        int from = 0;
        for (final Workload workload : workloads) {
            final int to = Workload.AFTER_A_START.get(workload);
            final long ns = TimeUnit.SECONDS.toNanos(to - from);
            measurements.add(Client.runFromStart(contender, workload, spanGib * GIB, ns, round));
            from = to;
        }
        return measurements;
    }

    private void compareNullDisks(final Path disks, final List<Comparison> comparisons)
            throws IOException, InterruptedException {
        final List<Workload> workloads = chosen(Workload.OF_NULL_DISKS);
        if (workloads.isEmpty()) {
            return;
        }
        final Path directory = Files.createDirectory(disks.resolve("null"));
        try (Contender ours = Varve.withNullDisk(directory, spanGib * GIB);
                Contender theirs = StorageDaemon.withNullDisk(directory, spanGib * GIB)) {
            for (final Contender contender : List.of(ours, theirs)) {
                Client.run(contender, Workload.WARM_UP, spanGib * GIB, Long.MAX_VALUE, WARM_UP_NS / 2, 2);
            }
            for (final Workload workload : workloads) {
                comparisons.add(compare(workload, ours, theirs));
            }
        }
    }

    private void prepare(final Contender contender, final int times) throws IOException, InterruptedException {
        out.println(contender.name() + ": warming up");
        Client.run(contender, Workload.WARM_UP, spanGib * GIB, Long.MAX_VALUE, WARM_UP_NS, 2);
        for (int i = 0; i < times; i++) {
            fill(contender);
        }
    }

    private void fill(final Contender contender) throws IOException, InterruptedException {
        out.println(contender.name() + ": filling " + spanGib + " GiB");
        final long fill = spanGib * GIB / Workload.FILL.blockSize();
        Client.run(contender, Workload.FILL, spanGib * GIB, fill, Long.MAX_VALUE / 2, 1);
        contender.settle(SETTLE_NS);
    }

    /** A run of each goes before, which does not count: what a start costs is measured by itself. */
    private Comparison compare(final Workload workload, final Contender ours, final Contender theirs)
            throws IOException, InterruptedException {
        final Comparison comparison = new Comparison(workload);
        measure(workload, ours, rounds);
        measure(workload, theirs, rounds);
        for (int round = 0; round < rounds; round++) {
            final Measurement ofOurs = measure(workload, ours, round);
            final Measurement ofTheirs = measure(workload, theirs, round);
            add(comparison, ofOurs, ofTheirs, round);
        }
        return comparison;
    }

    private void add(
            final Comparison comparison, final Measurement ofOurs, final Measurement ofTheirs, final int round) {
        comparison.add(ofOurs, ofTheirs);
        out.printf(
                Locale.ROOT,
                "%s, round %d/%d: %.0f and %.0f requests a second%n",
                comparison.workload().name(),
                round + 1,
                rounds,
                ofOurs.requestsPerSecond(),
                ofTheirs.requestsPerSecond());
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
}

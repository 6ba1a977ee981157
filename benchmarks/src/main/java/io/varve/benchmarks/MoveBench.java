package io.varve.benchmarks;

import io.varve.testsupport.DirtyBitmap;
import io.varve.testsupport.FrontEnd;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * Moves a front-end from one daemon to another and back, as QEMU does, and compares what it gets done in the seconds before with the
 * seconds after: there, where a daemon has just been started on an empty cache directory, and back, where one has run all along.
 */
@Command(
        name = "move",
        description = "Requests of 4 KiB a second before a live migration and in the seconds behind it.",
        mixinStandardHelpOptions = true)
public final class MoveBench implements Callable<Integer> {
    private static final int WRONG_USE = 2;
    private static final long MIB = 1L << 20;
    private static final int DEPTH = 32;
    private static final List<Workload> WORKLOADS = List.of(
            new Workload("read", 4096, DEPTH, 0, 0, false),
            new Workload("50-50", 4096, DEPTH, 50, 0, false),
            new Workload("write", 4096, DEPTH, 100, 0, false));
    private static final Workload ALL = new Workload("all", 1 << 20, 4, 0, 0, true);
    private static final long SECOND_NS = TimeUnit.SECONDS.toNanos(1);
    private static final long SETTLE_NS = 30 * SECOND_NS;

    @Mixin
    private BenchPlace at;

    @Option(names = "--rounds", defaultValue = "3", description = "Moves there and back of each (${DEFAULT-VALUE}).")
    private int rounds;

    @Option(names = "--seconds", defaultValue = "10", description = "Measured before and after (${DEFAULT-VALUE}).")
    private int seconds;

    @Option(
            names = "--logging",
            defaultValue = "5",
            description = "Seconds from the beginning of the migration to the stop of the guest (${DEFAULT-VALUE}).")
    private int logging;

    @Option(names = "--hot", defaultValue = "256", description = "MiB that are used (${DEFAULT-VALUE}).")
    private int hotMib;

    @Option(names = "--only", split = ",", paramLabel = "NAME", description = "read, 50-50 or write only.")
    private List<String> only = List.of();

    @Option(names = "--varve-option", hidden = true, description = "Passed on to varve serve.")
    private List<String> varveOptions = List.of();

    private final PrintStream out = System.out;

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (rounds < 1 || seconds < 1 || logging < 0 || hotMib < 1) {
            System.err.println("bench: rounds, seconds and sizes are at least 1");
            return WRONG_USE;
        }
        out.println("| workload | move | requests a second before | after | ratio | first second | pause |");
        out.println("|---|---|---|---|---|---|---|");
        for (final Workload workload : WORKLOADS) {
            for (int round = 0; round < rounds && (only.isEmpty() || only.contains(workload.name())); round++) {
                final Path place = at.make("move-");
                try {
                    round(workload, place);
                } finally {
                    BenchPlace.delete(place);
                }
            }
        }
        return 0;
    }

    private void round(final Workload workload, final Path place) throws IOException, InterruptedException {
        final Path one = place.resolve("one");
        Files.createDirectories(one);
        final StoreAddress store = StoreAddress.in(one);
        try (Varve filling = Varve.start(one, store, 4 * hotMib * MIB, 1024 * MIB, varveOptions)) {
            Client.run(filling, Workload.FILL, hotMib * MIB, hotMib, Long.MAX_VALUE / 2, 1);
        }
        try (Varve here = Varve.again(one, store, 1024 * MIB, varveOptions)) {
            Client.run(here, ALL, hotMib * MIB, hotMib, Long.MAX_VALUE / 2, 1);
            Client.run(here, workload, hotMib * MIB, Long.MAX_VALUE, seconds * SECOND_NS, 1);
            here.settle(SETTLE_NS);
            final Path two = Files.createDirectory(place.resolve("two"));
            FrontEnd guest = Client.frontEnd(here.socket(), workload);
            guest.connect();
            guest.start();
            try (Varve there = Varve.on(store, "bench", two, 1024 * MIB, varveOptions)) {
                guest = move(workload, "to a fresh daemon", here, there, guest);
                here.settle(SETTLE_NS);
                guest = move(workload, "back", there, here, guest);
            } finally {
                guest.close();
            }
        }
    }

    private FrontEnd move(
            final Workload workload, final String name, final Varve from, final Varve to, final FrontEnd guest)
            throws IOException {
        // The disk is idle at first, and faster than it is after some seconds, move or no move.
        measure(from, guest, workload);
        final List<Double> before = measure(from, guest, workload);
        final FrontEnd arriving = Client.frontEnd(to.socket(), workload);
        arriving.connect();
        try (guest;
                DirtyBitmap bitmap = DirtyBitmap.of(guest.ram())) {
            guest.startLogging(bitmap);
            Client.run(from, guest, workload, hotMib * MIB, logging * SECOND_NS, 2);
            final long stoppedNs = System.nanoTime();
            guest.stop();
            arriving.start();
            Client.run(to, arriving, workload, hotMib * MIB, 0, 3);
            final long pauseNs = System.nanoTime() - stoppedNs;
            final List<Double> after = measure(to, arriving, workload);
            out.printf(
                    Locale.ROOT,
                    "| %s | %s | %,.0f | %,.0f | %.2f | %,.0f | %d ms |%n",
                    workload.name(),
                    name,
                    mean(before),
                    mean(after),
                    mean(after) / mean(before),
                    after.getFirst(),
                    pauseNs / 1_000_000);
            return arriving;
        }
    }

    /** Requests of each second. */
    private List<Double> measure(final Varve varve, final FrontEnd guest, final Workload workload) throws IOException {
        final List<Double> rates = new ArrayList<>();
        for (int second = 0; second < seconds; second++) {
            rates.add(Client.run(varve, guest, workload, hotMib * MIB, SECOND_NS, 4 + second)
                    .requestsPerSecond());
        }
        return rates;
    }

    private static double mean(final List<Double> values) {
        return values.stream().mapToDouble(Double::doubleValue).average().orElse(0);
    }
}

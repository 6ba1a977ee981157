package io.varve.benchmarks;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Compares Varve and QEMU's own back-end in one guest, which has a disk of each and measures them in turns with fio. */
@Command(
        name = "guest",
        description =
                "Compares Varve and qemu-storage-daemon as two disks of one guest, which measures them in turns with"
                        + " fio.",
        mixinStandardHelpOptions = true)
public final class GuestBench implements Callable<Integer> {
    private static final int WRONG_USE = 2;
    private static final long MIB = 1L << 20;
    private static final long LOG = 2048 * MIB;
    private static final Pattern MEASURED = Pattern.compile("@@ value (vd[ab])_(\\w+)_(iops|lat_us|p99_us)=(\\d+)");

    @Option(names = "--rounds", defaultValue = "3", description = "Measurements of each (${DEFAULT-VALUE}).")
    private int rounds;

    @Option(names = "--seconds", defaultValue = "5", description = "Length of each (${DEFAULT-VALUE}).")
    private int seconds;

    @Option(names = "--size", defaultValue = "256", description = "MiB of each disk (${DEFAULT-VALUE}).")
    private int sizeMib;

    @Mixin
    private BenchPlace at;

    private final PrintStream out = System.out;

    /** What was measured, by workload, disk and figure. */
    private final Map<String, Map<String, List<Long>>> measured = new TreeMap<>();

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (rounds < 1 || seconds < 1 || sizeMib < 1) {
            System.err.println("bench: rounds, seconds and size are at least 1");
            return WRONG_USE;
        }
        final Path place = at.make("guest-");
        final Path ofOurs = Files.createDirectory(place.resolve("varve"));
        try (Contender ours = Varve.start(ofOurs, StoreAddress.in(ofOurs), sizeMib * MIB, LOG, List.of());
                Contender theirs = StorageDaemon.start(Files.createDirectory(place.resolve("raw")), sizeMib * MIB)) {
            measure(place, ours, theirs);
        }
        tell();
        return 0;
    }

    private void measure(final Path place, final Contender ours, final Contender theirs)
            throws IOException, InterruptedException {
        final Path root = BenchPlace.root();
        final Path initrd = place.resolve("initrd");
        final Process packing = new ProcessBuilder(List.of(
                        root.resolve("test-vms/guest/make-initrd").toString(),
                        "--output",
                        initrd.toString(),
                        "--task",
                        root.resolve("test-vms/guest/tasks/compare.sh").toString(),
                        "DISKS=vda vdb",
                        "SIZE_MB=" + sizeMib,
                        "ROUNDS=" + rounds,
                        "MEASURE=" + seconds))
                .inheritIO()
                .start();
        if (packing.waitFor() != 0) {
            throw new IOException("the guest could not be made");
        }
        final Process guest = new ProcessBuilder(List.of(
                        root.resolve("qemu-scripts/start-vm").toString(),
                        "--socket",
                        ours.socket().toString(),
                        "--socket",
                        theirs.socket().toString(),
                        "--initrd",
                        initrd.toString(),
                        "--queues",
                        "2"))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try {
            follow(guest.inputReader());
        } finally {
            guest.destroy();
            guest.waitFor(10, TimeUnit.SECONDS);
            guest.destroyForcibly();
        }
    }

    private void follow(final BufferedReader console) throws IOException {
        for (String line = console.readLine(); line != null; line = console.readLine()) {
            final Matcher value = MEASURED.matcher(line.strip());
            if (value.matches()) {
                measured.computeIfAbsent(value.group(2), name -> new TreeMap<>())
                        .computeIfAbsent(value.group(1) + value.group(3), name -> new ArrayList<>())
                        .add(Long.parseLong(value.group(4)));
            } else if (line.startsWith("@@ step ")) {
                out.println("guest: " + line.substring("@@ step ".length()).strip());
            } else if (line.startsWith("@@ fail ")) {
                throw new IOException("in the guest: " + line.substring("@@ fail ".length()));
            } else if (line.startsWith("@@ done 0")) {
                return;
            }
        }
        throw new IOException("the guest ended before it was done");
    }

    private void tell() {
        out.printf(
                "%nMedians, Varve / %s; the ratio is that of the medians.%n%n"
                        + "| in a guest | **ratio** | requests/s | mean us | p99 us |%n|---|---|---|---|---|%n",
                StorageDaemon.NAME);
        measured.forEach((workload, figures) -> out.printf(
                Locale.ROOT,
                "| %s | **%.2f** | %d / %d | %d / %d | %d / %d |%n",
                workload.replace("_", "-qd"),
                (double) median(figures, "vdaiops") / median(figures, "vdbiops"),
                median(figures, "vdaiops"),
                median(figures, "vdbiops"),
                median(figures, "vdalat_us"),
                median(figures, "vdblat_us"),
                median(figures, "vdap99_us"),
                median(figures, "vdbp99_us")));
    }

    private static long median(final Map<String, List<Long>> figures, final String figure) {
        final List<Long> sorted = figures.get(figure).stream().sorted().toList();
        return sorted.get(sorted.size() / 2);
    }
}

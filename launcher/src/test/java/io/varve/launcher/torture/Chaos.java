package io.varve.launcher.torture;

import io.varve.control.ControlException;
import io.varve.control.rpc.ControlClient;
import io.varve.launcher.serve.VarveProcess;
import io.varve.s3.RgwServer;
import io.varve.testsupport.BlkRequest;
import io.varve.testsupport.FrontEnd;
import io.varve.testsupport.FrontEndOptions;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;

/**
 * Two volumes in one daemon. One has hostile front-ends and a store that misbehaves, at random; the other one must not notice:
 * its data, its latency, and how soon it is in its store are judged, and so is what the daemon takes of the host. See {@code dev/chaos}.
 *
 * <p>A cycle is a quiet phase and one in which everything goes wrong, of the same length. The bad volume is made anew for each, in turn in
 * a directory and, where there is one, on a server.
 */
public final class Chaos implements AutoCloseable {
    private static final int SECTORS = Rig.SECTORS;
    private static final int PACE = 500;
    private static final int DEPTH = 4;
    private static final long MOST_UNSENT_MS = 10_000;
    private static final long MOST_CONTROL_MS = 5_000;
    private static final long MOST_LINES_A_CYCLE = 400;
    private static final long MOST_RSS_KIB = 1 << 20;
    private static final int MORE_DESCRIPTORS = 24;
    private static final int MORE_THREADS = 12;
    private static final long PATIENCE_MS = 60_000;
    private static final double MOST_RATIO = 1.5;
    private static final String GOOD = "good";

    private final PrintStream out;
    private final Path home;
    private final Random random;
    private final boolean hasServer;
    private final VarveProcess daemon;
    private final DiskHistory history = new DiskHistory(SECTORS);
    private final TortureClient guest;
    private final ReferenceDisk reference;
    private final List<Double> ratios = new ArrayList<>();
    private final List<Double> referenceRatios = new ArrayList<>();
    private volatile boolean isTrouble;
    private volatile Throwable failure;
    private int cycles;
    private long sessions;
    private long misdeeds;
    private long mostUnsentMs;
    private long mostControlMs;
    private long linesSeen;
    private long descriptors;
    private long threads;

    /**
     * Starts a daemon with the good volume.
     *
     * @param home         an empty directory.
     * @param hasServer    whether the bad volume is on a server in turn.
     * @param hasReference whether another process serves a disk beside.
     */
    Chaos(final PrintStream out, final Path home, final long seed, final boolean hasServer, final boolean hasReference)
            throws IOException, InterruptedException {
        this.out = out;
        this.home = home;
        this.hasServer = hasServer;
        random = new Random(seed);
        run("volume", "create", GOOD, "--size", "32M", "--store", "file://" + home.resolve(GOOD));
        daemon = start("daemon");
        try {
            daemon.awaitOut(line -> line.contains(" is ready, "));
            attach(GOOD, Map.of("store", "file://" + home.resolve(GOOD)));
            guest = new TortureClient(socket(GOOD), history, random).depth(DEPTH);
            reference = hasReference
                    ? ReferenceDisk.start(home.resolve("reference"), SECTORS, new Random(seed), PACE, DEPTH)
                    : null;
        } catch (final IOException | RuntimeException e) {
            daemon.close();
            throw e;
        }
    }

    /** Exit status: 0 the good volume noticed nothing, 1 it did, 2 wrong use. */
    public static void main(final String[] args) throws IOException, InterruptedException {
        long seconds = 600;
        long seed = System.nanoTime() & 0xffff_ffffL;
        Path directory = Path.of("launcher/target/chaos");
        for (int i = 0; i < args.length; i += 2) {
            if (i + 1 == args.length) {
                System.exit(usage(args[i] + " needs a value"));
            }
            try {
                switch (args[i]) {
                    case "--seconds" -> seconds = Long.parseLong(args[i + 1]);
                    case "--seed" -> seed = Long.parseLong(args[i + 1]);
                    case "--directory" -> directory = Path.of(args[i + 1]);
                    default -> System.exit(usage("no option " + args[i]));
                }
            } catch (final NumberFormatException e) {
                System.exit(usage(args[i] + " " + args[i + 1] + ": give a whole number"));
            }
        }
        Files.createDirectories(directory);
        final Path home = Files.createTempDirectory(directory.toAbsolutePath(), "day-");
        System.exit(run(home, seed, seconds) ? 0 : 1);
    }

    private static int usage(final String what) {
        System.err.println("chaos: " + what + "; see dev/chaos --help");
        return 2;
    }

    private static boolean run(final Path home, final long seed, final long seconds)
            throws IOException, InterruptedException {
        System.out.println("chaos: seed " + seed + ", " + seconds + " seconds");
        final long endNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        try (Chaos chaos = new Chaos(System.out, home, seed, RgwServer.isAvailable(), ReferenceDisk.isAvailable())) {
            do {
                chaos.cycle(10_000);
            } while (System.nanoTime() - endNs < 0);
            chaos.finish();
            chaos.judgeLatency();
            System.out.println("chaos: PASSED, " + chaos.figures());
        } catch (final AssertionError | IOException | RuntimeException e) {
            System.out.println("chaos: FAILED with seed " + seed + ": " + e);
            e.printStackTrace(System.out);
            System.out.println("chaos: everything is kept in " + home);
            return false;
        }
        Rig.deleteTree(home);
        return true;
    }

    /** A quiet phase, and one in which everything goes wrong, of so many milliseconds each. */
    void cycle(final long phaseMs) throws IOException, InterruptedException {
        final String bad = "bad-" + ++cycles;
        try (MeanStore store = makeStore(bad)) {
            final Map<String, String> settings = store instanceof final MeanServer server
                    ? Map.of("store", server.url(), "s3-endpoint", server.endpoint())
                    : Map.of("store", store.url());
            create(bad, store);
            attach(bad, settings);
            if (cycles == 1) {
                // Not counted: everything is compiled, and grows to its size.
                guest.pace(PACE).runFor(phaseMs);
                descriptors = count("fd");
                threads = count("task");
            }
            final Latencies quiet = phase(phaseMs);
            final Latencies disturbed = disturbed(bad, store, phaseMs);
            store.behave();
            expectWell(bad, store);
            detach(bad);
            judge();
            ratios.add(disturbed.p99Us() / (double) quiet.p99Us());
            out.printf(
                    "chaos: cycle %d, %s: p99 %d us, disturbed %d us, most %d us%n",
                    cycles,
                    store instanceof MeanServer ? "server" : "directory",
                    quiet.p99Us(),
                    disturbed.p99Us(),
                    TimeUnit.NANOSECONDS.toMicros(disturbed.own.getMaxValue()));
            if (reference != null) {
                referenceRatios.add(disturbed.referenceP99Us() / (double) quiet.referenceP99Us());
                out.printf(
                        "chaos: cycle %d, the disk of another process: p99 %d us, disturbed %d us%n",
                        cycles, quiet.referenceP99Us(), disturbed.referenceP99Us());
            }
        }
    }

    /** How long requests took in a phase: of the good volume, and of the disk of another process. */
    private record Latencies(Histogram own, ConcurrentHistogram reference) {
        long p99Us() {
            return TimeUnit.NANOSECONDS.toMicros(own.getValueAtPercentile(99));
        }

        long referenceP99Us() {
            return TimeUnit.NANOSECONDS.toMicros(reference.getValueAtPercentile(99));
        }
    }

    private MeanStore makeStore(final String bad) throws IOException, InterruptedException {
        return hasServer && cycles % 2 == 0
                ? MeanServer.create(
                        "chaos/" + bad + "-" + ProcessHandle.current().pid())
                : MeanDirectory.create(home.resolve(bad));
    }

    private Latencies phase(final long ms) {
        final Latencies latencies = new Latencies(new Histogram(3), new ConcurrentHistogram(3));
        if (reference != null) {
            reference.latencies(latencies.reference);
        }
        guest.latencies(latencies.own).pace(PACE).runFor(ms);
        if (reference != null) {
            reference.latencies(null);
        }
        guest.settle();
        return latencies;
    }

    private Latencies disturbed(final String bad, final MeanStore store, final long ms) throws InterruptedException {
        isTrouble = true;
        final HostileGuest hostile = new HostileGuest(socket(bad), SECTORS);
        final List<Thread> troubles = List.of(
                trouble("mean-store", new Random(random.nextLong()), each -> {
                    store.misbehave(each);
                    misdeeds++;
                    TimeUnit.MILLISECONDS.sleep(each.nextInt(300));
                }),
                trouble("hostile-guest", new Random(random.nextLong()), each -> {
                    hostile.session(each);
                    TimeUnit.MILLISECONDS.sleep(5 + each.nextInt(50));
                }),
                trouble("watch", new Random(0), each -> {
                    watch();
                    TimeUnit.MILLISECONDS.sleep(200);
                }));
        final Latencies latencies = phase(ms);
        isTrouble = false;
        for (final Thread trouble : troubles) {
            trouble.join();
        }
        sessions += hostile.sessions();
        if (failure != null) {
            throw new AssertionError(failure.getMessage(), failure);
        }
        return latencies;
    }

    private Thread trouble(final String name, final Random own, final Trouble trouble) {
        return Thread.ofPlatform().name(name).start(() -> {
            try {
                while (isTrouble) {
                    trouble.once(own);
                }
            } catch (final IOException | InterruptedException | RuntimeException | Error e) {
                failure = e;
            }
        });
    }

    /** Asks how the good volume is: the answer has to come soon, and to be good. */
    private void watch() {
        final long startNs = System.nanoTime();
        final Map<?, ?> good = status(GOOD);
        mostControlMs = Math.max(mostControlMs, TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startNs));
        mostUnsentMs = Math.max(mostUnsentMs, ((Number) good.get("unsent_age_ms")).longValue());
        if (!"serving".equals(good.get("state")) || good.get("trouble") != null) {
            throw new AssertionError("the good volume is " + good);
        }
        if (mostControlMs > MOST_CONTROL_MS) {
            throw new AssertionError("the daemon answers after " + mostControlMs + " ms");
        }
        if (mostUnsentMs > MOST_UNSENT_MS) {
            throw new AssertionError("the good volume has sent nothing for " + mostUnsentMs + " ms");
        }
    }

    /** The bad volume is served again once its store is well, unless that has lost what it had confirmed. */
    private void expectWell(final String bad, final MeanStore store) throws InterruptedException {
        if (store.hasLost()) {
            return;
        }
        final long deadlineNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(PATIENCE_MS);
        while (true) {
            try (FrontEnd honest = FrontEnd.started(socket(bad), FrontEndOptions.DEFAULT)) {
                final int status = honest.run(BlkRequest.flush()).status();
                if (status == BlkRequest.OK) {
                    return;
                }
                throw new IOException("a flush ended with status " + status);
            } catch (final IOException | AssertionError e) {
                if (System.nanoTime() - deadlineNs > 0) {
                    throw new AssertionError(
                            "the bad volume is not served although its store is well: " + status(bad), e);
                }
                TimeUnit.MILLISECONDS.sleep(100);
            }
        }
    }

    private void judge() throws IOException {
        history.judge(guest.readAll(), history.now(), "in cycle " + cycles);
        if (!daemon.isAlive()) {
            throw new AssertionError("the daemon has ended: " + daemon.err());
        }
        final String said = daemon.out() + daemon.err();
        final long lines = said.lines().count();
        if (said.contains("\tat ") || lines - linesSeen > MOST_LINES_A_CYCLE) {
            throw new AssertionError(lines - linesSeen + " lines in a cycle, or a stack trace: " + said);
        }
        linesSeen = lines;
        atMost("descriptors", count("fd"), descriptors + MORE_DESCRIPTORS);
        atMost("threads", count("task"), threads + MORE_THREADS);
        atMost("KiB resident", residentKib(), MOST_RSS_KIB);
    }

    private static void atMost(final String what, final long is, final long limit) {
        if (is > limit) {
            throw new AssertionError("the daemon has " + is + " " + what + ", more than " + limit);
        }
    }

    /** Ends the daemon, and reads the good volume from its store alone. */
    void finish() throws IOException, InterruptedException {
        guest.close();
        daemon.signal("TERM");
        if (daemon.awaitExit() != 0) {
            throw new AssertionError("the daemon did not end well: " + daemon.describe());
        }
        final Path socket = home.resolve("alone.sock");
        try (VarveProcess serve = start(
                "serve",
                GOOD,
                "--store",
                "file://" + home.resolve(GOOD),
                "--cache",
                home.resolve("other-cache").toString(),
                "--socket-path",
                socket.toString())) {
            serve.awaitOut(line -> line.contains(" is ready "));
            try (TortureClient client = new TortureClient(socket, history, random)) {
                history.judge(client.readAll(), history.now(), "from the store alone");
            }
        }
    }

    /**
     * The median of all cycles' ratios, so that one moment of a busy machine doesn't decide; and without what disks of other processes
     * suffer too, since front-ends, stores and this judge need processors as well.
     */
    void judgeLatency() {
        final double own = median(ratios);
        final double shared = referenceRatios.isEmpty() ? 1 : Math.max(1, median(referenceRatios));
        if (own / shared > MOST_RATIO) {
            throw new AssertionError("p99 of the good volume is " + own + " of undisturbed, in the median of " + ratios
                    + ", and of another process's disk " + shared);
        }
    }

    private static double median(final List<Double> values) {
        return values.stream().sorted().skip(values.size() / 2).findFirst().orElse(Double.NaN);
    }

    /** What happened so far. */
    String figures() {
        return "%d cycles, %d hostile sessions, %d misdeeds of stores, p99 %.2f of undisturbed (another process's disk %.2f), at most %d ms unsent, answers within %d ms"
                .formatted(
                        cycles,
                        sessions,
                        misdeeds,
                        median(ratios),
                        median(referenceRatios),
                        mostUnsentMs,
                        mostControlMs);
    }

    private long count(final String what) throws IOException {
        try (Stream<Path> all = Files.list(Path.of("/proc", Long.toString(daemon.pid()), what))) {
            return all.count();
        }
    }

    private long residentKib() throws IOException {
        return Files.readAllLines(Path.of("/proc", Long.toString(daemon.pid()), "status")).stream()
                .filter(line -> line.startsWith("VmRSS:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                .sum();
    }

    private Path socket(final String volume) {
        return home.resolve(volume + ".vhost.sock");
    }

    private void create(final String volume, final MeanStore store) throws IOException, InterruptedException {
        if (store instanceof final MeanServer server) {
            run(
                    "volume",
                    "create",
                    volume,
                    "--size",
                    "32M",
                    "--store",
                    server.url(),
                    "--s3-endpoint",
                    server.endpoint());
        } else {
            run("volume", "create", volume, "--size", "32M", "--store", store.url());
        }
    }

    private void attach(final String volume, final Map<String, String> settings) {
        try (ControlClient client = ControlClient.connect(VarveProcess.control(home))) {
            client.call("attach", Map.of("volume", volume, "settings", settings));
        }
    }

    private void detach(final String volume) {
        try (ControlClient client = ControlClient.connect(VarveProcess.control(home))) {
            client.call("detach", Map.of("volume", volume));
        } catch (final ControlException e) {
            throw new AssertionError("the bad volume can't be detached: " + e.getMessage(), e);
        }
    }

    private Map<?, ?> status(final String volume) {
        try (ControlClient client = ControlClient.connect(VarveProcess.control(home))) {
            for (final Object each : (List<?>) client.call("status", Map.of()).get("volumes")) {
                if (each instanceof Map<?, ?> fields && volume.equals(fields.get("volume"))) {
                    return fields;
                }
            }
        }
        throw new AssertionError("there is no volume " + volume);
    }

    private VarveProcess start(final String... args) throws IOException, InterruptedException {
        final List<String> prefix = new ArrayList<>(List.of("env"));
        if (hasServer) {
            MeanServer.environment().forEach((name, value) -> prefix.add(name + "=" + value));
        }
        return VarveProcess.start(home, prefix, args);
    }

    private void run(final String... args) throws IOException, InterruptedException {
        try (VarveProcess command = start(args)) {
            if (command.awaitExit() != 0) {
                throw new AssertionError(String.join(" ", args) + ": " + command.err());
            }
        }
    }

    @Override
    public void close() {
        if (reference != null) {
            reference.close();
        }
        guest.close();
        daemon.close();
    }

    /** One thing that goes wrong. */
    @FunctionalInterface
    private interface Trouble {
        void once(Random random) throws IOException, InterruptedException;
    }
}

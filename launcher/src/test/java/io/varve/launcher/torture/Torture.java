package io.varve.launcher.torture;

import io.varve.launcher.UserException;
import io.varve.launcher.config.TimeSpan;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.opentest4j.TestAbortedException;

/** Runs rounds of torture; see {@code dev/torture}. */
public final class Torture {
    private static final long PROGRESS_NS = TimeUnit.SECONDS.toNanos(15);
    private static final String FLIP = "flip";
    private static final String RGW = "rgw";
    private static final List<String> ALL =
            List.of("kill", "gc", "snapshot", "reconnect", "load", "loss", "take-over", "migrate", FLIP, "outage");

    private final PrintStream out;
    private final Path directory;
    private final StorePlace place;
    private final long outageMs;
    private final long seed;

    private Torture(
            final PrintStream out, final Path directory, final StorePlace place, final long outageMs, final long seed) {
        this.out = out;
        this.directory = directory;
        this.place = place;
        this.outageMs = outageMs;
        this.seed = seed;
    }

    /** Exit status: 0 nothing found, 1 something found, 2 wrong use. */
    public static void main(final String[] args) throws IOException, InterruptedException {
        Runtime.getRuntime().addShutdownHook(new Thread(Torture::endDaemons, "end"));
        System.exit(run(args));
    }

    /** Not the store's server, a script, which ends by itself with all that it has started. */
    private static void endDaemons() {
        final Optional<String> java = ProcessHandle.current().info().command();
        ProcessHandle.current()
                .children()
                .filter(child -> child.info().command().equals(java))
                .forEach(ProcessHandle::destroyForcibly);
    }

    private static int run(final String[] args) throws IOException, InterruptedException {
        List<String> names = ALL;
        int rounds = 200;
        long seed = System.nanoTime() & 0xffff_ffffL;
        String store = null;
        String stop = null;
        String start = null;
        Duration latency = Duration.ZERO;
        long outageMs = 0;
        Path directory = Path.of("launcher/target/torture");
        for (int i = 0; i < args.length; i += 2) {
            if (i + 1 == args.length) {
                return usage(args[i] + " needs a value");
            }
            final String value = args[i + 1];
            try {
                switch (args[i]) {
                    case "--only" -> names = List.of(value.split(","));
                    case "--rounds" -> rounds = Integer.parseInt(value);
                    case "--seed" -> seed = Long.parseLong(value);
                    case "--store" -> store = value;
                    case "--stop-store" -> stop = value;
                    case "--start-store" -> start = value;
                    case "--latency" -> latency = TimeSpan.parse(value);
                    case "--outage" -> outageMs = TimeSpan.parse(value).toMillis();
                    case "--directory" -> directory = Path.of(value);
                    default -> {
                        return usage("no option " + args[i]);
                    }
                }
            } catch (final NumberFormatException e) {
                return usage(args[i] + " " + value + ": give a whole number");
            } catch (final UserException e) {
                return usage(args[i] + ": " + e.getMessage());
            }
        }
        if (!ALL.containsAll(names)) {
            return usage("--only takes some of " + String.join(",", ALL));
        }
        if (store != null) {
            names = names.stream().filter(name -> !name.equals(FLIP)).toList();
        }
        if (!latency.isZero() && !RGW.equals(store)) {
            return usage("--latency goes with --store rgw");
        }
        final StorePlace place;
        try {
            place = place(store, stop, start, latency);
        } catch (final TestAbortedException e) {
            System.err.println("torture: Ceph's packages are missing; dev/setup --with-ceph installs them");
            return 2;
        }
        final Torture torture = new Torture(System.out, directory.toAbsolutePath(), place, outageMs, seed);
        boolean isWell = true;
        for (final String name : names) {
            isWell &= torture.run(torture.torment(name), rounds);
        }
        return isWell ? 0 : 1;
    }

    private static StorePlace place(final String store, final String stop, final String start, final Duration latency)
            throws IOException, InterruptedException {
        if (store == null) {
            return StorePlace.directory();
        }
        return store.equals(RGW) ? StorePlace.rgw(latency) : StorePlace.url(store, stop, start);
    }

    private static int usage(final String what) {
        System.err.println("torture: " + what + "; see dev/torture --help");
        return 2;
    }

    private Torment torment(final String name) throws IOException {
        Files.createDirectories(directory);
        return switch (name) {
            case "kill" -> KillTorment.anywhere(directory, place);
            case "gc" -> KillTorment.collecting(directory, place);
            case "snapshot" -> new SnapshotTorment(directory, place);
            case "reconnect" -> new ReconnectTorment(directory, place);
            case "load" -> new LoadTorment(directory, place);
            case "loss" -> new LossTorment(directory, place);
            case "migrate" -> new MigrateTorment(directory, place);
            case "take-over" -> new TakeOverTorment(directory, place);
            case FLIP -> new FlipTorment(directory, place, FlipTorment.MUCH);
            default -> new OutageTorment(directory, place, outageMs);
        };
    }

    private boolean run(final Torment torment, final int rounds) throws IOException, InterruptedException {
        final long startNs = System.nanoTime();
        long toldNs = startNs;
        out.println(torment.name() + ": " + rounds + " rounds, seed " + seed);
        for (int round = 1; round <= rounds; round++) {
            try {
                torment.round(random(seed, round));
            } catch (final AssertionError | IOException | RuntimeException e) {
                final Path evidence = torment.keepEvidence();
                out.println(torment.name() + ": FAILED in round " + round + " with seed " + seed + ": " + e);
                e.printStackTrace(out);
                out.println(torment.name() + ": everything is kept in " + evidence);
                out.println(torment.name() + ": until then " + torment.figures() + torment.details());
                return false;
            }
            if (System.nanoTime() - toldNs > PROGRESS_NS) {
                toldNs = System.nanoTime();
                tell(torment, round + "/" + rounds + " rounds", startNs);
            }
        }
        torment.close();
        tell(torment, rounds + " rounds PASSED", startNs);
        out.print(torment.details().isEmpty() ? "" : torment.details().substring(1) + "\n");
        return true;
    }

    private void tell(final Torment torment, final String what, final long startNs) {
        out.println(torment.name() + ": " + what + " in " + TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - startNs)
                + " s, " + torment.figures());
    }

    /** The decisions of one round. */
    static Random random(final long seed, final int round) {
        return new Random(seed * 1_000_003 + round);
    }
}

package io.varve.lsvd.simulator;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/**
 * Runs seeds and says which fail: {@code --seeds N}, {@code --first SEED}, {@code --bug NAME} to plant one, {@code --seconds
 * S} to stop after a time. Exit status 1 when a seed failed.
 */
public final class Simulate {
    private static final int MAX_SHOWN = 10;

    private Simulate() {}

    /** The program. */
    public static void main(final String[] arguments) {
        java.util.logging.Logger.getLogger("").setLevel(java.util.logging.Level.OFF);
        long seeds = 1000;
        long first = 1;
        long seconds = Long.MAX_VALUE / 2_000_000_000L;
        PlantedBug bug = PlantedBug.NONE;
        for (int i = 0; i + 1 < arguments.length; i += 2) {
            switch (arguments[i]) {
                case "--seeds" -> seeds = Long.parseLong(arguments[i + 1]);
                case "--first" -> first = Long.parseLong(arguments[i + 1]);
                case "--seconds" -> seconds = Long.parseLong(arguments[i + 1]);
                case "--bug" -> bug = PlantedBug.valueOf(arguments[i + 1].toUpperCase(Locale.ROOT));
                default -> usage();
            }
        }
        if (arguments.length % 2 != 0) {
            usage();
        }
        System.exit(run(first, seeds, seconds, bug) == 0 ? 0 : 1);
    }

    static int run(final long first, final long seeds, final long seconds, final PlantedBug bug) {
        final long startNs = System.nanoTime();
        final long deadlineNs = startNs + TimeUnit.SECONDS.toNanos(seconds);
        long nextReportNs = startNs + TimeUnit.SECONDS.toNanos(10);
        final List<Long> failed = new ArrayList<>();
        long seed = first;
        while (seed < first + seeds && System.nanoTime() < deadlineNs) {
            final String failure = failureOf(seed, bug);
            if (failure != null) {
                failed.add(seed);
                if (failed.size() <= MAX_SHOWN) {
                    System.out.println("seed " + seed + ": " + failure);
                    System.out.println("  replay: dev/simulate --first " + seed + " --seeds 1"
                            + (bug == PlantedBug.NONE ? "" : " --bug " + bug));
                }
            }
            seed++;
            if (System.nanoTime() > nextReportNs) {
                nextReportNs += TimeUnit.SECONDS.toNanos(10);
                System.out.println((seed - first) + " seeds, " + failed.size() + " failed");
            }
        }
        System.out.printf(
                Locale.ROOT,
                "%d seeds in %d s, %d failed%n",
                seed - first,
                TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - startNs),
                failed.size());
        return failed.size();
    }

    /** What is wrong after a seed, or null. */
    static String failureOf(final long seed, final PlantedBug bug) {
        try (Simulation simulation = new Simulation(seed, bug)) {
            simulation.run();
            return null;
        } catch (final SimulationFailure e) {
            return e.getMessage();
        } catch (final RuntimeException e) {
            final StackTraceElement[] trace = e.getStackTrace();
            return e + (trace.length > 0 ? " at " + trace[0] : "");
        }
    }

    private static void usage() {
        System.err.println("usage: dev/simulate [--seeds N] [--first SEED] [--seconds S] [--bug NAME]");
        System.exit(2);
    }
}

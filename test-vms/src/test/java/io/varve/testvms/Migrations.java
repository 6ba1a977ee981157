package io.varve.testvms;

import io.varve.testvms.Site.Move;
import io.varve.testvms.Site.Outcome;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.function.ToIntFunction;

/** Moves a guest that writes back and forth, many times, and tells what it cost; what {@code dev/migrations} runs. */
final class Migrations {
    private static final int FAILED = 1;
    private static final int WRONG_USE = 2;

    /** For so many the disk has room. */
    private static final int MAX_LOADS = 4;

    /** The longest time from the beginning of a migration to what is done to it, when none has been measured. */
    private static final int LATEST_MS = 1500;

    private final Random random;
    private final List<Move> moves = new ArrayList<>();
    private final Map<Fault, int[]> outcomes = new EnumMap<>(Fault.class);
    private long chunks;

    private Migrations(final long seed) {
        random = new Random(seed);
    }

    /** What is done to a migration. */
    private enum Fault {
        SENDER_DAEMON,
        RECEIVER_DAEMON,
        SENDER_QEMU,
        RECEIVER_QEMU,
        STORE;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }

    /** Runs; see {@code dev/migrations}. */
    public static void main(final String[] arguments) throws Exception {
        int runs = 50;
        int kills = 0;
        long seed = System.nanoTime();
        Emulator emulator = Emulator.newest();
        String durability = "log";
        int latencyMs = 0;
        int loads = 1;
        for (int i = 0; i < arguments.length; i += 2) {
            if (i + 1 == arguments.length) {
                refuse(arguments[i] + " needs a value");
            }
            final String value = arguments[i + 1];
            switch (arguments[i]) {
                case "--runs" -> runs = number(arguments[i], value);
                case "--kills" -> kills = number(arguments[i], value);
                case "--seed" -> seed = number(arguments[i], value);
                case "--qemu" -> emulator = emulator(value);
                case "--latency" -> latencyMs = number(arguments[i], value);
                case "--loads" -> loads = number(arguments[i], value);
                case "--durability" -> durability = value;
                default -> refuse("unknown argument " + arguments[i] + "; see dev/migrations --help");
            }
        }
        if (loads > MAX_LOADS) {
            refuse("--loads " + loads + ": give " + MAX_LOADS + " at most");
        }
        if (!List.of("log", "store").contains(durability)) {
            refuse("--durability " + durability + ": give log or store");
        }
        System.exit(run(runs, kills, seed, emulator, latencyMs, loads, durability));
    }

    private static int number(final String option, final String value) {
        if (!value.matches("[0-9]{1,9}")) {
            refuse(option + " " + value + ": give a whole number");
        }
        return Integer.parseInt(value);
    }

    private static Emulator emulator(final String version) {
        for (final Emulator emulator : Emulator.all()) {
            if (emulator.command() != null && emulator.name().startsWith("QEMU " + version)) {
                return emulator;
            }
        }
        refuse("--qemu " + version + ": there is no such QEMU here; dev/setup --with-qemu10 fetches version 10");
        return null;
    }

    private static void refuse(final String message) {
        System.err.println("migrations: " + message);
        System.exit(WRONG_USE);
    }

    private static int run(
            final int runs,
            final int kills,
            final long seed,
            final Emulator emulator,
            final int latencyMs,
            final int loads,
            final String durability)
            throws Exception {
        System.out.printf(
                "seed %d, %s, durability %s, latency of the store %d ms%n", seed, emulator, durability, latencyMs);
        final Migrations migrations = new Migrations(seed);
        final Lab lab = new Lab();
        boolean isWell = false;
        try {
            final Site site = new Site(lab, emulator, latencyMs, loads, "--durability", durability);
            site.boot();
            site.awaitWork();
            for (int run = 1; run <= runs; run++) {
                migrations.move(site, run);
            }
            for (int kill = 1; kill <= kills; kill++) {
                migrations.disturb(site, kill);
            }
            migrations.chunks = site.check();
            isWell = true;
        } catch (final AssertionError e) {
            System.out.println(lab.report());
            System.out.println("FAILED: " + e.getMessage());
        } finally {
            lab.close();
        }
        migrations.report(isWell);
        return isWell ? 0 : FAILED;
    }

    private void move(final Site site, final int run) throws IOException, InterruptedException {
        final Move move = site.move();
        site.awaitWork();
        site.check();
        moves.add(move);
        System.out.printf(
                "move %d: %d ms, downtime %d ms, storage %d ms (%d sealing, %d QEMU, %d guest, %d answer; %d taking)%n",
                run,
                move.totalMs(),
                move.downtimeMs(),
                move.storageMs(),
                move.sealMs(),
                move.qemuMs(),
                move.askMs(),
                move.answerMs(),
                move.takeMs());
    }

    private void disturb(final Site site, final int count) throws IOException, InterruptedException {
        final Fault fault = Fault.values()[count % Fault.values().length];
        final int delayMs = random.nextInt(latestMs());
        site.there().await();
        final Program migrate = site.here().startMigration(site.there());
        Thread.sleep(delayMs);
        inflict(fault, site);
        final Outcome outcome = site.settle(migrate);
        site.awaitWork();
        site.check();
        outcomes.computeIfAbsent(fault, ignored -> new int[Outcome.values().length])[outcome.ordinal()]++;
        System.out.printf(
                "%s gone after %d ms: %s%n", fault, delayMs, outcome.name().toLowerCase(Locale.ROOT));
    }

    /** A third longer than most migrations take, so that all of their steps are met. */
    private int latestMs() {
        final int[] known = known(Move::totalMs);
        return known.length == 0 ? LATEST_MS : known[known.length / 2] * 4 / 3;
    }

    private static void inflict(final Fault fault, final Site site) throws IOException, InterruptedException {
        switch (fault) {
            case SENDER_DAEMON -> site.here().killDaemon();
            case RECEIVER_DAEMON -> site.there().killDaemon();
            case SENDER_QEMU -> site.here().qemu().kill();
            case RECEIVER_QEMU -> site.there().qemu().kill();
            case STORE -> site.pauseStore();
        }
    }

    private void report(final boolean isWell) {
        System.out.println();
        if (!moves.isEmpty()) {
            System.out.printf("%-36s %8s %8s%n", moves.size() + " moves", "median", "most");
            row("whole migration, ms", Move::totalMs);
            row("downtime as QEMU reckons, ms", Move::downtimeMs);
            row("last ring's stop to first answer, ms", Move::storageMs);
            row("  the sender's sealing", Move::sealMs);
            row("  QEMU: device state, start", Move::qemuMs);
            row("  until the guest asked", Move::askMs);
            row("  until it was answered", Move::answerMs);
            row("of that Varve's: sealing, answering", Move::ownMs);
            row("rings' start to volume taken", Move::takeMs);
        }
        outcomes.forEach((fault, counts) -> System.out.printf(
                "%s gone: %d moved, %d stayed, %d ended, %d hung%n",
                fault, counts[0], counts[1], counts[2], counts[3]));
        System.out.println(
                isWell ? chunks + " chunks written and synced; gaps 0, errors 0, lost 0" : "FAILED: see above");
    }

    private void row(final String name, final ToIntFunction<Move> figure) {
        final int[] known = known(figure);
        if (known.length > 0) {
            System.out.printf("%-36s %8d %8d%n", name, known[known.length / 2], known[known.length - 1]);
        }
    }

    /** The figures that there are, in order. */
    private int[] known(final ToIntFunction<Move> figure) {
        return moves.stream()
                .mapToInt(figure)
                .filter(value -> value != Move.UNKNOWN)
                .sorted()
                .toArray();
    }
}

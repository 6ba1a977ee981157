package io.varve.launcher.torture;

import io.varve.launcher.serve.VarveProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * A guest under load moves between two daemons that share a store, there and back. Moves are cancelled, either daemon is killed
 * somewhere on the way, or the store goes away for a moment; a host comes back with an older copy of its cache directory. Wherever the
 * guest is in the end, everything that was acknowledged is there. A source is paused, its volume taken over, and the source goes on:
 * nothing of it comes into what the other one writes.
 */
final class MigrateTorment extends Torment {
    private static final int HOSTS = 2;
    private static final long DRAIN_MS = 3_000;
    private static final long MAX_MOVE_US = 400_000;
    private static final int MAX_OUTAGE_MS = 1_500;

    private final Map<Fate, Integer> counts = new EnumMap<>(Fate.class);
    private final VarveProcess[] serves = new VarveProcess[HOSTS];
    private DiskHistory history;
    private TortureClient client;
    private int here;
    private int moved;
    private long lost;
    private int sourcesDead;
    private int destinationsDead;
    private long bytesWritten;
    private long stoppedNs;
    private long pauseNs;
    private long longestPauseNs;
    private int pauses;

    /** What becomes of a move. */
    private enum Fate {
        MOVED,
        CANCELLED_BEFORE_THE_STOP,
        CANCELLED_BEHIND_IT,
        SOURCE_KILLED,
        DESTINATION_KILLED,
        SOURCE_RESTORED,
        SOURCE_PAUSED_AND_TAKEN_OVER,
        STORE_AWAY
    }

    MigrateTorment(final Path directory, final StorePlace place) {
        super(directory, place);
    }

    @Override
    String name() {
        return "migrate";
    }

    @Override
    void onNewRig() {
        history = new DiskHistory(Rig.SECTORS);
        here = 0;
    }

    @Override
    void round(final Random random) throws IOException, InterruptedException {
        final Rig rig = rig();
        for (int host = 0; host < HOSTS; host++) {
            if (serves[host] == null) {
                start(rig, host);
            }
        }
        if (client == null) {
            connect(rig, random);
        }
        client.runFor(spread(random, 5, 400));
        final Fate fate = fate(random, rig);
        counts.merge(fate, 1, Integer::sum);
        switch (fate) {
            case CANCELLED_BEFORE_THE_STOP -> {
                client.startLogging();
                client.runFor(spread(random, 5, 200));
                client.stopLogging();
            }
            case CANCELLED_BEHIND_IT -> {
                expectLeft(leave(random));
                client.stopLogging();
                client.resume();
            }
            case MOVED -> {
                expectLeft(leave(random));
                arrive(rig, random);
                count(System.nanoTime() - stoppedNs);
            }
            case SOURCE_KILLED -> moveFromADyingSource(rig, random);
            case DESTINATION_KILLED -> moveToADyingDestination(rig, random);
            case SOURCE_RESTORED -> moveFromARestoredSource(rig, random);
            case SOURCE_PAUSED_AND_TAKEN_OVER -> takeOverFromAPausedSource(rig, random);
            case STORE_AWAY -> moveWhileTheStoreIsAway(rig, random);
        }
        client.runFor(spread(random, 5, 400));
        client.settle();
        history.judge(client.readAll(), history.now(), "after a move that was " + fate);
    }

    private static Fate fate(final Random random, final Rig rig) {
        final Fate fate = random.nextInt(3) == 0 ? Fate.MOVED : Fate.values()[random.nextInt(Fate.values().length)];
        return fate == Fate.STORE_AWAY && !rig.store().canGo() ? Fate.MOVED : fate;
    }

    private void moveFromADyingSource(final Rig rig, final Random random) throws IOException, InterruptedException {
        final int source = here;
        final Thread killer = Rig.killAfter(serves[source], spread(random, 100, MAX_MOVE_US));
        final boolean hasLeft = leave(random);
        if (hasLeft && random.nextBoolean()) {
            arrive(rig, random);
            killer.join();
        } else {
            killer.join();
            sourcesDead += hasLeft ? 0 : 1;
            closeClient();
            here = other();
            start(rig, source);
            connectAfterDeath(rig, random);
            return;
        }
        start(rig, source);
    }

    private void moveToADyingDestination(final Rig rig, final Random random) throws IOException, InterruptedException {
        final Thread killer = Rig.killAfter(serves[other()], spread(random, 100, MAX_MOVE_US));
        expectLeft(leave(random));
        closeClient();
        here = other();
        try {
            connect(rig, random);
            client.runFor(random.nextInt(100));
            client.reapAll();
        } catch (final IOException e) {
            destinationsDead++;
        }
        killer.join();
        closeClient();
        start(rig, here);
        connectAfterDeath(rig, random);
    }

    private void moveFromARestoredSource(final Rig rig, final Random random) throws IOException, InterruptedException {
        final int source = here;
        final Path copy = rig.home().resolve("copy");
        Rig.copyTree(cache(rig, source), copy);
        client.runFor(spread(random, 5, 100));
        expectLeft(leave(random));
        arrive(rig, random);
        serves[source].kill();
        Rig.deleteTree(cache(rig, source));
        Files.move(copy, cache(rig, source));
        start(rig, source);
    }

    /** What the source had not shipped since it let go for the last time may be missing; the volume goes on from a state that was. */
    private void takeOverFromAPausedSource(final Rig rig, final Random random)
            throws IOException, InterruptedException {
        final int source = here;
        expectLeft(leave(random));
        final long stored = history.now();
        client.stopLogging();
        client.resume();
        client.runFor(spread(random, 5, 1_000));
        if (random.nextBoolean()) {
            client.startLogging();
            client.runFor(spread(random, 5, 200));
        }
        serves[source].signal("STOP");
        closeClient();
        here = other();
        serves[here].kill();
        serves[here] = Rig.ready(rig.startServe(socket(rig, here), cache(rig, here), "--take-over"));
        connect(rig, random);
        final long[] seen = client.readAll();
        lost += history.check(seen, stored, "after a take-over");
        history = history.fork(seen);
        closeClient();
        connect(rig, random);
        client.runFor(spread(random, 5, 400));
        serves[source].signal("CONT");
        client.runFor(spread(random, 5, 4_000));
        client.settle();
        history.judge(client.readAll(), history.now(), "under a source that goes on");
        serves[source].kill();
        start(rig, source);
    }

    private void moveWhileTheStoreIsAway(final Rig rig, final Random random) throws IOException, InterruptedException {
        final long untilUs = spread(random, 100, MAX_MOVE_US);
        final long awayMs = spread(random, 10, MAX_OUTAGE_MS);
        final FutureTask<Void> outage = new FutureTask<>(() -> {
            TimeUnit.MICROSECONDS.sleep(untilUs);
            rig.store().takeAway();
            TimeUnit.MILLISECONDS.sleep(awayMs);
            rig.store().bringBack();
            return null;
        });
        new Thread(outage, "outage").start();
        try {
            expectLeft(leave(random));
            arrive(rig, random);
        } finally {
            await(outage);
        }
    }

    private static void await(final FutureTask<Void> task) throws IOException, InterruptedException {
        try {
            task.get();
        } catch (final ExecutionException e) {
            throw new IOException(e.getCause());
        }
    }

    /** The guest is stopped; whether the source said that it may go. */
    private boolean leave(final Random random) {
        try {
            client.startLogging();
            client.runFor(spread(random, 5, 200));
            if (!client.drain(DRAIN_MS)) {
                return false;
            }
            stoppedNs = System.nanoTime();
            client.stop();
            return true;
        } catch (final IOException e) {
            return false;
        }
    }

    private static void expectLeft(final boolean hasLeft) {
        if (!hasLeft) {
            throw new AssertionError("the source did not let its guest go");
        }
    }

    private void arrive(final Rig rig, final Random random) throws IOException {
        closeClient();
        here = other();
        connect(rig, random);
        client.runFor(1);
        client.settle();
        moved++;
    }

    private void count(final long ns) {
        pauseNs += ns;
        longestPauseNs = Math.max(longestPauseNs, ns);
        pauses++;
    }

    private int other() {
        return 1 - here;
    }

    private static Path socket(final Rig rig, final int host) {
        return rig.home().resolve("socket-" + host);
    }

    private static Path cache(final Rig rig, final int host) {
        return rig.home().resolve("cache-" + host);
    }

    private void start(final Rig rig, final int host) throws IOException, InterruptedException {
        serves[host] = Rig.ready(rig.startServe(socket(rig, host), cache(rig, host)));
    }

    private void connect(final Rig rig, final Random random) throws IOException {
        client = new TortureClient(socket(rig, here), history, random);
    }

    /** What was in flight is done, or not. */
    private void connectAfterDeath(final Rig rig, final Random random) throws IOException {
        connect(rig, random);
        history.judge(client.readAll(), history.now(), "after a death on the way");
    }

    private void closeClient() {
        if (client != null) {
            bytesWritten += client.bytesWritten();
            client.close();
            client = null;
        }
    }

    @Override
    Path keepEvidence() throws IOException {
        closeClient();
        forgetServes();
        return super.keepEvidence();
    }

    @Override
    void close() throws IOException, InterruptedException {
        closeClient();
        forgetServes();
        super.close();
    }

    private void forgetServes() {
        for (int host = 0; host < HOSTS; host++) {
            if (serves[host] != null) {
                serves[host].close();
                serves[host] = null;
            }
        }
    }

    @Override
    String figures() {
        return counts.entrySet().stream()
                        .map(entry -> entry.getValue() + " "
                                + entry.getKey()
                                        .name()
                                        .toLowerCase(java.util.Locale.ROOT)
                                        .replace('_', ' '))
                        .collect(Collectors.joining(", "))
                + "; " + sourcesDead + " sources dead before they let go, " + destinationsDead
                + " destinations dead before they were there; " + (bytesWritten >> 20) + " MiB written; "
                + moved + " moves, " + lost + " operations lost in take-overs; " + pauses
                + " undisturbed moves, from the stop to the first answers " + millis(pauseNs / Math.max(1, pauses))
                + " ms, " + millis(longestPauseNs) + " ms at most";
    }

    private static long millis(final long ns) {
        return TimeUnit.NANOSECONDS.toMillis(ns);
    }
}

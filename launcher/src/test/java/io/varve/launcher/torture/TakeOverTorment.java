package io.varve.launcher.torture;

import io.varve.launcher.ExitStatus;
import io.varve.launcher.serve.VarveProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Two daemons with caches of their own on one volume. The first is paused at a random moment, before or while the second takes
 * the volume over, and resumed at a random moment while that one writes. Nothing of the first may enter the history any more; it
 * answers nothing well once it has said that it is fenced, ends with a clear message, and keeps its log.
 */
final class TakeOverTorment extends Torment {
    private static final int MAX_MS = 1_500;
    private static final long FENCED_LIMIT_MS = 30_000;

    private long firstBytes;
    private long secondBytes;
    private long lost;
    private long answeredAfterResume;
    private long refused;
    private long keptLogs;

    TakeOverTorment(final Path directory, final StorePlace place) {
        super(directory, place);
    }

    @Override
    String name() {
        return "take-over";
    }

    @Override
    void round(final Random random) throws IOException, InterruptedException {
        final Rig rig = rig();
        final Path secondCache = rig.home().resolve("second-cache");
        final Path secondSocket = rig.home().resolve("second-socket");
        final DiskHistory history;
        try (VarveProcess first = rig.serve();
                TortureClient client = new TortureClient(rig.socket(), new DiskHistory(Rig.SECTORS), random)) {
            final DiskHistory firstHistory = client.adopt();
            client.expectErrors().runFor(spread(random, 5, MAX_MS));
            final boolean isPausedBefore = random.nextInt(3) > 0;
            if (isPausedBefore) {
                first.signal("STOP");
            }
            try (VarveProcess second = rig.startServe(secondSocket, secondCache, "--take-over")) {
                if (!isPausedBefore) {
                    client.runFor(random.nextInt(1_200));
                    first.signal("STOP");
                }
                client.reapAll();
                Rig.ready(second);
                history = takeOver(firstHistory, secondSocket, random, client, first);
                Rig.end(second);
            }
            expectFailedEnd(first, client);
        }
        expectKeptLog(rig.cache());
        expectNothingOfTheFirst(rig, history, random);
    }

    private DiskHistory takeOver(
            final DiskHistory firstHistory,
            final Path secondSocket,
            final Random random,
            final TortureClient firstClient,
            final VarveProcess first)
            throws IOException, InterruptedException {
        final DiskHistory history;
        try (TortureClient reader = new TortureClient(secondSocket, firstHistory, random)) {
            final long[] seen = reader.readAll();
            lost += firstHistory.check(seen, 0, "after a take-over");
            history = firstHistory.fork(seen);
        }
        try (TortureClient client = new TortureClient(secondSocket, history, random)) {
            client.runFor(spread(random, 5, MAX_MS));
            first.signal("CONT");
            runBoth(client, firstClient, first, spread(random, 50, MAX_MS));
            client.settle();
            secondBytes += client.bytesWritten();
            history.judge(client.readAll(), history.now(), "in the second daemon");
        }
        return history;
    }

    /** Both go on until the first has said that it is fenced and a while has passed. */
    private void runBoth(
            final TortureClient client, final TortureClient firstClient, final VarveProcess first, final long ms) {
        final long startNs = System.nanoTime();
        final long completedBefore = firstClient.completed();
        boolean isFenced = false;
        while (!isFenced || System.nanoTime() - startNs < TimeUnit.MILLISECONDS.toNanos(ms)) {
            client.runFor(3);
            isFenced = first.err().contains("every request fails from now on: fenced: ");
            if (isFenced) {
                expectRefusals(firstClient);
            } else {
                firstClient.runFor(3);
            }
            if (System.nanoTime() - startNs > TimeUnit.MILLISECONDS.toNanos(FENCED_LIMIT_MS)) {
                throw new AssertionError("the first daemon goes on: " + first.out() + first.err());
            }
        }
        answeredAfterResume += firstClient.completed() - completedBefore;
    }

    private void expectRefusals(final TortureClient client) {
        client.settle();
        final long completed = client.completed();
        final long errors = client.errors();
        client.runFor(1);
        client.settle();
        if (client.completed() != completed) {
            throw new AssertionError("a fenced daemon answered " + (client.completed() - completed) + " requests");
        }
        refused += client.errors() - errors;
    }

    private void expectFailedEnd(final VarveProcess first, final TortureClient client)
            throws IOException, InterruptedException {
        firstBytes += client.bytesWritten();
        first.signal("TERM");
        if (first.awaitExit() != ExitStatus.FAILED || !first.err().contains("ended after a failure: fenced: ")) {
            throw new AssertionError("the fenced daemon ended otherwise: " + first.out() + first.err());
        }
    }

    private void expectKeptLog(final Path cache) throws IOException {
        try (Stream<Path> files = Files.walk(cache)) {
            if (files.noneMatch(file -> file.endsWith("log"))) {
                throw new AssertionError("the fenced daemon kept no log in " + cache);
            }
        }
    }

    /** The volume is opened with the first daemon's cache: what is there is what the second one left, and the old log is kept. */
    private void expectNothingOfTheFirst(final Rig rig, final DiskHistory history, final Random random)
            throws IOException, InterruptedException {
        try (VarveProcess serve = rig.serve()) {
            try (TortureClient client = new TortureClient(rig.socket(), history, random)) {
                history.judge(client.readAll(), history.now(), "in the first daemon's place");
            }
            Rig.end(serve);
        }
        try (Stream<Path> files = Files.walk(rig.cache())) {
            final long kept = files.filter(file -> file.getFileName().toString().startsWith("log.superseded-"))
                    .peek(file -> file.toFile().delete())
                    .count();
            if (kept != 1) {
                throw new AssertionError(kept + " superseded logs are kept in " + rig.cache());
            }
            keptLogs += kept;
        }
        Rig.deleteTree(rig.home().resolve("second-cache"));
    }

    @Override
    String figures() {
        return (firstBytes >> 20) + " MiB written to the first and " + (secondBytes >> 20) + " MiB to the second, "
                + lost + " operations of the first lost, " + answeredAfterResume
                + " requests answered by the first when resumed and not fenced yet, " + refused
                + " refused when fenced, " + keptLogs + " logs kept";
    }
}

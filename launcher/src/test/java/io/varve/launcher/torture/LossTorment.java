package io.varve.launcher.torture;

import io.varve.launcher.serve.VarveProcess;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Random;

/**
 * The daemon is killed at a random moment under a writing client, its cache is deleted, and the volume is taken over from the
 * store alone: what is there is a prefix of the log's order, not older than what the daemon had said to be in the store, and
 * not older than the log is long.
 */
final class LossTorment extends Torment {
    private static final int MAX_MS = 4_000;

    private DiskHistory history;
    private long least;
    private long completed;
    private long bytesWritten;
    private long missing;
    private long roundsWithLoss;
    private long closedOnce;
    private long refusals;

    LossTorment(final Path directory, final StorePlace place) {
        super(directory, place);
    }

    @Override
    String name() {
        return "loss";
    }

    @Override
    void onNewRig() {
        history = new DiskHistory(Rig.SECTORS);
    }

    @Override
    void round(final Random random) throws IOException, InterruptedException {
        final Rig rig = rig();
        least = 0;
        if (random.nextInt(3) == 0) {
            try (VarveProcess serve = rig.serve()) {
                try (TortureClient client = new TortureClient(rig.socket(), history, random)) {
                    client.runFor(spread(random, 5, MAX_MS));
                    client.settle();
                    count(client);
                }
                Rig.end(serve);
                least = history.now();
                closedOnce++;
            }
        }
        final boolean wasTaken;
        try (VarveProcess serve = rig.serve();
                TortureClient client = new TortureClient(rig.socket(), history, random)) {
            final Thread killer = Rig.killAfter(serve, spread(random, 5_000, 1_000L * MAX_MS));
            client.depth(1 + random.nextInt(TortureClient.MAX_DEPTH)).run(() -> !killer.isAlive());
            client.reapAll();
            count(client);
            wasTaken = client.completed() > 0;
        }
        least = Math.max(least, history.cutWithin(Rig.LOG_BYTES));
        Rig.deleteTree(rig.cache());
        // One that was killed before it had the volume has left it as it was closed before, free for all.
        if (random.nextInt(5) == 0 && wasTaken) {
            expectRefusal(rig);
        }
        takeOver(rig, random);
    }

    private void takeOver(final Rig rig, final Random random) throws IOException, InterruptedException {
        try (VarveProcess serve = rig.serve("--take-over")) {
            try (TortureClient client = new TortureClient(rig.socket(), history, random)) {
                final int lost = history.judge(client.readAll(), least, "after a take-over without the log");
                missing += lost;
                roundsWithLoss += lost > 0 ? 1 : 0;
            }
            serve.kill();
        }
    }

    private void expectRefusal(final Rig rig) throws IOException, InterruptedException {
        try (VarveProcess serve = rig.serve()) {
            if (!serve.out().contains(" is being written by ")) {
                throw new AssertionError("opened without the log: " + serve.out() + serve.err());
            }
            serve.kill();
            refusals++;
        }
    }

    private void count(final TortureClient client) {
        completed += client.completed();
        bytesWritten += client.bytesWritten();
    }

    @Override
    String figures() {
        return completed + " requests completed, " + (bytesWritten >> 20) + " MiB written, something lost in "
                + roundsWithLoss + " rounds (" + missing + " operations), closed once before in " + closedOnce + ", "
                + refusals + " times followed only, without --take-over";
    }
}

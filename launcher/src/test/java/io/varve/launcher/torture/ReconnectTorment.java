package io.varve.launcher.torture;

import io.varve.launcher.serve.VarveProcess;
import io.varve.testsupport.FrontEndOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Random;

/**
 * The daemon is killed at a random moment under a guest that lives on: it is started again and told of the requests that were
 * in flight, by memory that it shared with its predecessor. Each of them has to come back, once and well, and every read has to
 * be right, on rings of either kind, on one to four queues.
 */
final class ReconnectTorment extends Torment {
    /** The whole disk is read and judged once in so many rounds. */
    private static final int ROUNDS_A_JUDGEMENT = 5;

    /** Holds all requests, with three descriptors each. */
    private static final int QUEUE_SIZE = 128;

    private static final int STARTS_KILLED_OF_TEN = 2;

    private DiskHistory history;
    private VarveProcess serve;
    private TortureClient client;
    private int rounds;
    private long inFlight;
    private long completed;
    private long bytesWritten;
    private long stallNs;
    private long longestStallNs;
    private long packedRounds;
    private long startsKilled;
    private boolean packed;

    ReconnectTorment(final Path directory, final StorePlace place) {
        super(directory, place);
    }

    @Override
    String name() {
        return "reconnect";
    }

    @Override
    void onNewRig() {
        history = new DiskHistory(Rig.SECTORS);
    }

    @Override
    void round(final Random random) throws IOException, InterruptedException {
        final Rig rig = rig();
        if (client == null) {
            packed = !packed;
            serve = rig.serve();
            client = new TortureClient(
                    rig.socket(),
                    history,
                    random,
                    FrontEndOptions.DEFAULT
                            .withQueues(1 + random.nextInt(4), QUEUE_SIZE)
                            .withPacked(packed)
                            .withIndirect(random.nextInt(4) > 0)
                            .withEventIndex(random.nextInt(4) > 0));
        }
        packedRounds += packed ? 1 : 0;
        // The short times hit a daemon that is still doing again what its predecessor left.
        final Thread killer = Rig.killAfter(serve, spread(random, 100, 2_000_000));
        client.depth(1 + random.nextInt(TortureClient.MAX_DEPTH)).run(() -> !killer.isAlive());
        client.reapAll();
        inFlight += client.inFlight();
        if (random.nextInt(10) < STARTS_KILLED_OF_TEN) {
            Rig.killAfter(rig.startServe(rig.socket(), rig.cache()), spread(random, 100_000, 2_000_000))
                    .join();
            startsKilled++;
        }
        serve = rig.serve();
        final long readyNs = System.nanoTime();
        client.reconnect();
        client.settle();
        final long stalledNs = System.nanoTime() - readyNs;
        stallNs += stalledNs;
        longestStallNs = Math.max(longestStallNs, stalledNs);
        if (++rounds % ROUNDS_A_JUDGEMENT == 0) {
            history.judge(client.readAll(), history.now(), "after kills and reconnects");
        }
    }

    @Override
    Path keepEvidence() throws IOException {
        closeClient();
        return super.keepEvidence();
    }

    @Override
    void close() throws IOException, InterruptedException {
        closeClient();
        super.close();
    }

    private void closeClient() {
        if (client != null) {
            completed += client.completed();
            bytesWritten += client.bytesWritten();
            client.close();
            client = null;
        }
    }

    @Override
    String figures() {
        final long all = completed + (client == null ? 0 : client.completed());
        final long bytes = bytesWritten + (client == null ? 0 : client.bytesWritten());
        return rounds + " kills and " + startsKilled + " more of starts, " + packedRounds
                + " of them with packed rings, " + all + " requests completed, "
                + (bytes >> 20) + " MiB written, " + inFlight + " in flight when killed, all of them done "
                + stallNs / Math.max(1, rounds) / 1_000_000
                + " ms after the next daemon was ready, " + longestStallNs / 1_000_000 + " ms at most";
    }
}

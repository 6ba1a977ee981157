package io.varve.launcher.torture;

import io.varve.launcher.serve.VarveProcess;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Random;

/**
 * The daemon is killed at a random moment under a writing client, now and then while it starts too, and its cache is kept: no
 * completed write may be lost, nothing torn, and everything reads right.
 */
final class KillTorment extends Torment {
    private static final int STARTS_KILLED_OF_TEN = 3;

    private DiskHistory history;
    private long completed;
    private long bytesWritten;
    private long inFlight;
    private long incomplete;
    private long startsKilled;

    KillTorment(final Path directory, final StorePlace place) {
        super(directory, place);
    }

    @Override
    String name() {
        return "kill";
    }

    @Override
    void onNewRig() {
        history = new DiskHistory(Rig.SECTORS);
    }

    @Override
    void round(final Random random) throws IOException, InterruptedException {
        final Rig rig = rig();
        if (random.nextInt(10) < STARTS_KILLED_OF_TEN) {
            Rig.killAfter(rig.startServe(rig.socket(), rig.cache()), spread(random, 100_000, 2_000_000))
                    .join();
            startsKilled++;
        }
        try (VarveProcess serve = rig.serve();
                TortureClient client = new TortureClient(rig.socket(), history, random)) {
            incomplete += history.judge(client.readAll(), history.now(), "after a kill");
            final Thread killer = Rig.killAfter(serve, spread(random, 5_000, 2_000_000));
            client.depth(1 + random.nextInt(TortureClient.MAX_DEPTH)).run(() -> !killer.isAlive());
            client.reapAll();
            completed += client.completed();
            bytesWritten += client.bytesWritten();
            inFlight += client.inFlight();
        }
    }

    @Override
    String figures() {
        return completed + " requests completed, " + (bytesWritten >> 20) + " MiB written, " + inFlight
                + " in flight when killed (" + incomplete + " of them not or not wholly there later), " + startsKilled
                + " starts killed";
    }
}

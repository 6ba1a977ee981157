package io.varve.launcher.torture;

import io.varve.launcher.serve.VarveProcess;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Random;

/**
 * The daemon is killed at a random moment under a writing client, now and then while it starts too, and its cache is kept: no
 * completed write may be lost, nothing torn, and everything reads right. With next to no room for garbage, it is killed in the
 * middle of collecting and deleting most of the time.
 */
final class KillTorment extends Torment {
    private static final int STARTS_KILLED_OF_TEN = 3;

    private final String name;
    private final String[] options;
    private DiskHistory history;
    private long completed;
    private long bytesWritten;
    private long inFlight;
    private long incomplete;
    private long startsKilled;
    private long mostStored;

    private KillTorment(final Path directory, final StorePlace place, final String name, final String... options) {
        super(directory, place);
        this.name = name;
        this.options = options;
    }

    /** Kills, whatever it is doing. */
    static KillTorment anywhere(final Path directory, final StorePlace place) {
        return new KillTorment(directory, place, "kill");
    }

    /** Kills while it collects garbage. */
    static KillTorment collecting(final Path directory, final StorePlace place) {
        return new KillTorment(directory, place, "gc", "--gc-space", "1.05");
    }

    @Override
    String name() {
        return name;
    }

    @Override
    void onNewRig() {
        history = new DiskHistory(Rig.SECTORS);
    }

    @Override
    void round(final Random random) throws IOException, InterruptedException {
        final Rig rig = rig();
        if (random.nextInt(10) < STARTS_KILLED_OF_TEN) {
            Rig.killAfter(rig.startServe(rig.socket(), rig.cache(), options), spread(random, 100_000, 2_000_000))
                    .join();
            startsKilled++;
        }
        try (VarveProcess serve = rig.serve(options);
                TortureClient client = new TortureClient(rig.socket(), history, random)) {
            incomplete += history.judge(client.readAll(), history.now(), "after a kill");
            final Thread killer = Rig.killAfter(serve, spread(random, 5_000, 2_000_000));
            client.depth(1 + random.nextInt(TortureClient.MAX_DEPTH)).run(() -> !killer.isAlive());
            client.reapAll();
            completed += client.completed();
            bytesWritten += client.bytesWritten();
            inFlight += client.inFlight();
            mostStored = Math.max(mostStored, rig.storedBytes());
        }
    }

    @Override
    String figures() {
        return completed + " requests completed, " + (bytesWritten >> 20) + " MiB written, " + inFlight
                + " in flight when killed (" + incomplete + " of them not or not wholly there later), " + startsKilled
                + " starts killed, at most " + (mostStored >> 20) + " MiB in the store behind a kill";
    }
}

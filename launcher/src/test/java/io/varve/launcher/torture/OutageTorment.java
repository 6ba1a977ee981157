package io.varve.launcher.torture;

import io.varve.launcher.serve.VarveProcess;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.TimeUnit;

/**
 * The store goes away under load and comes back: writes go on until the log is full and then wait, reads of what was written
 * just now go on, no request fails, and all continues when the store is back.
 */
final class OutageTorment extends Torment {
    private static final int DEPTH_BEFORE = 8;
    private static final int DEPTH_OF_WRITES = 24;
    private static final long STALL_NS = TimeUnit.SECONDS.toNanos(1);
    private static final long FULL_LIMIT_NS = TimeUnit.SECONDS.toNanos(60);
    private static final long LEAST_BYTES = 8L << 20;

    private final long leastMs;
    private DiskHistory history;
    private long completed;
    private long stalls;
    private long bytesUntilFull;
    private long readsWhileFull;
    private long resumedMs;

    /**
     * Sends the store away.
     *
     * @param leastMs how long at least, in milliseconds.
     */
    OutageTorment(final Path directory, final StorePlace place, final long leastMs) {
        super(directory, place);
        this.leastMs = leastMs;
    }

    @Override
    String name() {
        return "outage";
    }

    @Override
    void onNewRig() {
        history = new DiskHistory(Rig.SECTORS);
    }

    @Override
    void round(final Random random) throws IOException, InterruptedException {
        final Rig rig = rig();
        if (!rig.store().canGo()) {
            throw new IOException("outage needs --stop-store and --start-store with this store");
        }
        try (VarveProcess serve = rig.serve()) {
            try (TortureClient client = new TortureClient(rig.socket(), history, random)) {
                client.depth(DEPTH_BEFORE).runFor(spread(random, 5, 2_000));
                rig.store().takeAway();
                final long goneNs = System.nanoTime();
                if (random.nextBoolean()) {
                    fill(client);
                } else {
                    client.runFor(spread(random, 50, 3_000));
                }
                client.runFor(leastMs - TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - goneNs));
                rig.store().bringBack();
                final long backNs = System.nanoTime();
                client.settle();
                resumedMs += TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - backNs);
                client.depth(TortureClient.MAX_DEPTH).runFor(300);
                client.settle();
                completed += client.completed();
                history.judge(client.readAll(), history.now(), "when the store is back");
            }
            Rig.end(serve);
        }
        Rig.deleteTree(rig.cache());
        try (VarveProcess serve = rig.serve()) {
            try (TortureClient client = new TortureClient(rig.socket(), history, random)) {
                history.judge(client.readAll(), history.now(), "from the store alone");
            }
            Rig.end(serve);
        }
    }

    private void fill(final TortureClient client) {
        final long before = client.bytesWritten();
        final long startNs = System.nanoTime();
        client.load(TortureClient.Load.LOCAL).depth(DEPTH_OF_WRITES);
        long completedBefore;
        do {
            completedBefore = client.completed();
            client.runFor(TimeUnit.NANOSECONDS.toMillis(STALL_NS));
            if (System.nanoTime() - startNs > FULL_LIMIT_NS) {
                throw new AssertionError("the log does not fill");
            }
        } while (client.completed() > completedBefore);
        final long bytes = client.bytesWritten() - before;
        // What was written before may not have been in the store either.
        if (client.bytesWritten() < LEAST_BYTES) {
            throw new AssertionError("writes wait although the log had room: " + client.bytesWritten() + " bytes");
        }
        client.load(TortureClient.Load.RECENT_READS)
                .depth(TortureClient.MAX_DEPTH)
                .runFor(200);
        client.load(TortureClient.Load.ANY);
        if (client.completed() == completedBefore) {
            throw new AssertionError("reads of what was written just now wait for the store");
        }
        readsWhileFull += client.completed() - completedBefore;
        bytesUntilFull += bytes;
        stalls++;
    }

    @Override
    String figures() {
        return completed + " requests completed, the log full " + stalls + " times after "
                + (stalls == 0 ? 0 : (bytesUntilFull / stalls) >> 20) + " MiB written on average, " + readsWhileFull
                + " reads meanwhile, " + resumedMs + " ms in all until what waited was done";
    }
}

package io.varve.launcher.torture;

import io.varve.launcher.serve.VarveProcess;
import io.varve.testsupport.Framing;
import io.varve.testsupport.FrontEndOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Random;

/**
 * Nothing happens but load, of every kind in turn: split and packed rings, one to eight queues; and at random up to 256 requests
 * in flight, of 512 bytes to 4 MiB, cut in any way. Every read has to be right, and in the end the whole disk.
 */
final class LoadTorment extends Torment {
    private static final int MAX_QUEUES = 8;
    private static final int MAX_DEPTH = 256;
    private static final int MAX_SECTORS = 8192;

    /** Most bytes in flight: they are in this machine's memory. */
    private static final long MAX_BYTES = 256L << 20;

    private static final int MAX_QUEUE_SIZE = 1024;
    private static final int USUAL_PIECES = 3;
    private static final int MAX_PIECES_OF_A_PART = 6;
    private static final long ROUND_REQUESTS = 4_000;
    private static final long ROUND_BYTES = 16L << 20;

    private DiskHistory history;
    private VarveProcess serve;
    private int rounds;
    private long completed;
    private long bytesWritten;

    LoadTorment(final Path directory, final StorePlace place) {
        super(directory, place);
    }

    @Override
    String name() {
        return "load";
    }

    @Override
    void onNewRig() {
        history = new DiskHistory(Rig.SECTORS);
        serve = null;
    }

    @Override
    void round(final Random random) throws IOException, InterruptedException {
        final Rig rig = rig();
        if (serve == null) {
            serve = rig.serve();
        }
        final int depth = (int) spread(random, 1, MAX_DEPTH + 1);
        final int maxSectors =
                (int) Math.min(spread(random, 1, MAX_SECTORS + 1), MAX_BYTES / depth / DiskHistory.SECTOR_SIZE);
        final boolean indirect = random.nextInt(3) > 0;
        final FrontEndOptions options = FrontEndOptions.DEFAULT
                .withQueues(1 + rounds / 2 % MAX_QUEUES, queueSize(random, indirect ? depth : USUAL_PIECES * depth))
                .withPacked(rounds % 2 > 0)
                .withIndirect(indirect)
                .withEventIndex(random.nextInt(4) > 0)
                .withMemorySlots(random.nextBoolean())
                .withInflight(random.nextInt(4) > 0);
        rounds++;
        try (TortureClient client = new TortureClient(rig.socket(), history, random, options, maxSectors)) {
            client.depth(depth).framing(indirect ? Framing.random(random, MAX_PIECES_OF_A_PART) : Framing.USUAL);
            client.run(() -> client.completed() > ROUND_REQUESTS || client.bytesWritten() > ROUND_BYTES);
            client.settle();
            history.judge(client.readAll(), history.now(), "after load, " + options);
            completed += client.completed();
            bytesWritten += client.bytesWritten();
        } catch (final AssertionError e) {
            throw new AssertionError(e.getMessage() + "; depth " + depth + ", " + options, e);
        }
    }

    /** A power of two that has room for so many descriptors. */
    private static int queueSize(final Random random, final int descriptors) {
        int size = 1;
        while (size < descriptors || size < MAX_QUEUE_SIZE && random.nextBoolean()) {
            size *= 2;
        }
        return size;
    }

    @Override
    String figures() {
        return rounds + " loads, " + completed + " requests completed, " + (bytesWritten >> 20) + " MiB written";
    }
}

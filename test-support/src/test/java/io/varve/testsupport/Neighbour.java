package io.varve.testsupport;

import io.varve.linux.ErrnoException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;

/** Another disk in the process, with a guest that works on it and checks all that it reads, on a thread of its own. It must notice nothing. */
final class Neighbour implements AutoCloseable {
    private static final int REQUESTS_A_ROUND = 50;
    private static final long PAUSE_MS = 5;
    private static final long PATIENCE_NS = 20_000_000_000L;

    private final ServedDisk disk;
    private final FrontEnd frontEnd;
    private final LoadGenerator load;
    private final AtomicLong rounds = new AtomicLong();
    private final Thread thread;
    private volatile Throwable failure;
    private volatile boolean isOver;

    Neighbour(final Path directory) throws IOException {
        disk = new ServedDisk(directory);
        frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT);
        load = new LoadGenerator(frontEnd, 500, 4096, 16, 7).flushEvery(20);
        thread = Thread.ofPlatform().name("neighbour").start(this::run);
    }

    private void run() {
        try {
            while (!isOver) {
                load.run(REQUESTS_A_ROUND);
                rounds.incrementAndGet();
                Thread.sleep(PAUSE_MS);
            }
        } catch (final IOException | InterruptedException | RuntimeException | Error e) {
            failure = e;
        }
    }

    /** Its guest gets on, and has found nothing wrong. */
    void check() {
        final long before = rounds.get();
        final long deadlineNs = System.nanoTime() + PATIENCE_NS;
        while (failure == null && rounds.get() == before && System.nanoTime() < deadlineNs) {
            Thread.onSpinWait();
        }
        if (failure != null || rounds.get() == before) {
            throw new AssertionError("the neighbour is disturbed", failure);
        }
    }

    @Override
    public void close() throws ErrnoException {
        isOver = true;
        try {
            thread.join();
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        frontEnd.close();
        disk.close();
    }
}

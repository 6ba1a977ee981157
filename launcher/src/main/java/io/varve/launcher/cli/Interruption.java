package io.varve.launcher.cli;

import io.varve.lsvd.scan.Cancellation;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * SIGINT and SIGTERM during a command that has to clean up: the process ends when the command has closed this, with the status
 * of whoever a signal ends (130 or 143), and in any case after {@value #PATIENCE_S} seconds.
 */
final class Interruption implements Cancellation, AutoCloseable {
    private static final long PATIENCE_S = 30;

    private final CountDownLatch closed = new CountDownLatch(1);
    private final Thread hook = new Thread(this::onEnd, "varve-interruption");
    private volatile boolean isRequested;

    Interruption() {
        Runtime.getRuntime().addShutdownHook(hook);
    }

    @Override
    public boolean isCancelled() {
        return isRequested;
    }

    private void onEnd() {
        isRequested = true;
        try {
            closed.await(PATIENCE_S, TimeUnit.SECONDS);
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Says that everything is cleaned up and told. */
    @Override
    public void close() {
        closed.countDown();
        if (!isRequested) {
            try {
                Runtime.getRuntime().removeShutdownHook(hook);
            } catch (final IllegalStateException e) {
                // The process is ending, just now, and waits for nothing any more.
            }
        }
    }
}

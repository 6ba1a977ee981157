package io.varve.lsvd.scan;

import io.varve.lsvd.runtime.EngineRuntime;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Bounds how many bytes are read in a second, on average since it was made and over any longer stretch. One thread's. */
public final class Pace {
    /** Time that may be made up for after a stretch of reading more slowly. */
    private static final long SLACK_NS = TimeUnit.SECONDS.toNanos(1);

    private static final long LOOK_MS = 100;

    private final EngineRuntime runtime;
    private final long bytesPerSecond;
    private long nextNs;

    /**
     * Makes a pace.
     *
     * @param bytesPerSecond 0 for no bound.
     */
    public Pace(final EngineRuntime runtime, final long bytesPerSecond) {
        this.runtime = runtime;
        this.bytesPerSecond = bytesPerSecond;
        nextNs = runtime.nanoTime();
    }

    /** Whether the next read may begin. */
    public boolean isDue() {
        return bytesPerSecond == 0 || nextNs - runtime.nanoTime() <= 0;
    }

    /** Waits until the next read may begin, or is not wanted any more. */
    public void await(final Cancellation cancellation) {
        final CompletableFuture<Void> never = new CompletableFuture<>();
        while (!isDue() && !cancellation.isCancelled()) {
            final long leftMs = TimeUnit.NANOSECONDS.toMillis(nextNs - runtime.nanoTime()) + 1;
            runtime.await(never, Math.min(LOOK_MS, leftMs));
        }
    }

    /** Counts what has been read, or is going to be; less than 0 for what was counted and has not been. */
    public void onRead(final long bytes) {
        if (bytesPerSecond > 0) {
            final long earliestNs = runtime.nanoTime() - SLACK_NS;
            nextNs = Math.max(nextNs, earliestNs) + (long) (bytes * 1e9 / bytesPerSecond);
        }
    }
}

package io.varve.lsvd.scan;

import io.varve.lsvd.runtime.EngineRuntime;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Bounds how many bytes are read in a second, on average since it was made and over any longer stretch. One thread's. */
public final class Pace {
    /** Time that may be made up for after a stretch of reading more slowly. */
    private static final long SLACK_NS = TimeUnit.SECONDS.toNanos(1);

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

    /** Waits until the next read may begin, short of {@code isCancelled}. */
    public void await(final Cancellation cancellation) {
        final CompletableFuture<Void> never = new CompletableFuture<>();
        for (long leftNs = nextNs - runtime.nanoTime();
                bytesPerSecond > 0 && leftNs > 0 && !cancellation.isCancelled();
                leftNs = nextNs - runtime.nanoTime()) {
            runtime.await(never, Math.min(100, TimeUnit.NANOSECONDS.toMillis(leftNs) + 1));
        }
    }

    /** Counts what has been read. */
    public void onRead(final long bytes) {
        if (bytesPerSecond > 0) {
            final long earliestNs = runtime.nanoTime() - SLACK_NS;
            nextNs = Math.max(nextNs, earliestNs) + (long) (bytes * 1e9 / bytesPerSecond);
        }
    }
}

package io.varve.launcher.daemon;

import io.varve.lsvd.runtime.EngineRuntime;
import io.varve.lsvd.runtime.SystemRuntime;
import java.util.UUID;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.agrona.concurrent.Agent;

/** The real world, but that waiting for the store can be broken off while a volume is being opened. */
final class OpeningRuntime implements EngineRuntime {
    private final EngineRuntime world = new SystemRuntime();
    private final CompletableFuture<Void> breakOff = new CompletableFuture<>();
    private volatile boolean isOpen;

    /** The volume is open: nothing is broken off any more. */
    void opened() {
        isOpen = true;
    }

    /** Breaks the opening off, now or when it next waits. Any thread. */
    void breakOff() {
        breakOff.complete(null);
    }

    /** Waits so long, or until broken off. */
    void pause(final long ms) {
        await(new CompletableFuture<>(), ms);
    }

    /**
     * As {@link EngineRuntime#await}.
     *
     * @throws CancellationException when the opening is broken off.
     */
    @Override
    public boolean await(final CompletableFuture<?> future, final long timeoutMs) {
        if (isOpen) {
            return world.await(future, timeoutMs);
        }
        try {
            CompletableFuture.anyOf(future, breakOff).get(timeoutMs, TimeUnit.MILLISECONDS);
        } catch (final TimeoutException e) {
            return false;
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CancellationException("interrupted");
        } catch (final ExecutionException e) {
            // Done all the same; the caller asks the future.
            return true;
        }
        if (future.isDone()) {
            return true;
        }
        throw new CancellationException("the opening was broken off");
    }

    @Override
    public long nanoTime() {
        return world.nanoTime();
    }

    @Override
    public long bootTimeNs() {
        return world.bootTimeNs();
    }

    @Override
    public long currentTimeMillis() {
        return world.currentTimeMillis();
    }

    @Override
    public UUID randomUuid() {
        return world.randomUuid();
    }

    @Override
    public Handle start(final Agent agent) {
        return world.start(agent);
    }

    @Override
    public Handle startInBackground(final Agent agent) {
        return world.startInBackground(agent);
    }
}

package io.varve.testsupport;

import io.varve.block.Export;
import io.varve.linux.IoRing;
import io.varve.linux.IoRings;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;

/** An export of a {@link MemoryBlockDevice}, driven by a thread of its own as a daemon's reactor does it: polling first, then blocking. */
public final class ExportThread<E extends Export> implements AutoCloseable {
    private static final long POLL_NS = 50_000;
    private static final long MAX_SLEEP_NS = 1_000_000_000;
    private static final int TIMEOUT_S = 20;

    private final IoRing ring = IoRings.open(IoRings.DEFAULT_ENTRIES);
    private final MemoryBlockDevice device;
    private final E export;
    private final ConcurrentLinkedQueue<Runnable> commands = new ConcurrentLinkedQueue<>();
    private final CompletableFuture<Void> ended = new CompletableFuture<>();
    private final Runnable atEnd;
    private final Thread thread;
    private long sleeps;

    /** Makes an export. */
    @FunctionalInterface
    public interface Maker<E extends Export> {
        /** Makes it on a ring. */
        E make(IoRing ring) throws IOException;
    }

    /** Makes an export and starts. */
    public ExportThread(final MemoryBlockDevice device, final Maker<E> maker) throws IOException {
        this(device, maker, () -> {});
    }

    /**
     * Makes an export and starts.
     *
     * @param device touched by the thread only from now on, or in {@link #call}.
     * @param atEnd  is run by the thread when the export has ended, before its ring is closed.
     */
    public ExportThread(final MemoryBlockDevice device, final Maker<E> maker, final Runnable atEnd) throws IOException {
        this.device = device;
        this.atEnd = atEnd;
        try {
            export = maker.make(ring);
        } catch (final IOException | RuntimeException e) {
            ring.close();
            throw e;
        }
        thread = Thread.ofPlatform().name("reactor").start(this::run);
    }

    private void run() {
        try {
            long lastWorkNs = System.nanoTime();
            while (!export.isClosed()) {
                final int work = ring.turn(0) + runCommands() + device.doWork() + export.doWork();
                final long nowNs = System.nanoTime();
                if (work > 0) {
                    lastWorkNs = nowNs;
                } else if (nowNs - lastWorkNs > POLL_NS && !export.armNotifications() && !device.hasWork()) {
                    ring.turn(Math.min(MAX_SLEEP_NS, export.maxIdleNs()));
                    sleeps++;
                    export.disarmNotifications();
                }
            }
            ended.complete(null);
        } catch (final RuntimeException | Error e) {
            ended.completeExceptionally(e);
        } finally {
            atEnd.run();
            export.release();
            ring.close();
            runCommands();
        }
    }

    private int runCommands() {
        int count = 0;
        for (Runnable command = commands.poll(); command != null; command = commands.poll()) {
            command.run();
            count++;
        }
        return count;
    }

    /** The export, for {@link #call} only. */
    public E export() {
        return export;
    }

    /** The thread. */
    public Thread thread() {
        return thread;
    }

    /** How often the thread has slept; for {@link #call} only. */
    public long sleeps() {
        return sleeps;
    }

    /** Runs something on the thread and waits for it. */
    public <T> T call(final Callable<T> task) {
        final CompletableFuture<T> result = new CompletableFuture<>();
        commands.add(() -> {
            try {
                result.complete(task.call());
            } catch (final Exception | AssertionError e) {
                result.completeExceptionally(e);
            }
        });
        ring.wakeUp();
        if (ended.isDone()) {
            // The thread may have looked for the last time.
            join();
            runCommands();
        }
        return await(CompletableFuture.anyOf(result, ended).thenCompose(any -> result));
    }

    /** Waits until something holds, as seen on the thread. */
    public void await(final BooleanSupplier condition) {
        final long deadlineNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(TIMEOUT_S);
        while (!call(condition::getAsBoolean)) {
            if (System.nanoTime() - deadlineNs > 0) {
                throw new AssertionError("not in time");
            }
            Thread.yield();
        }
    }

    private <T> T await(final CompletableFuture<T> future) {
        try {
            return future.get(TIMEOUT_S, TimeUnit.SECONDS);
        } catch (final ExecutionException e) {
            throw new AssertionError("on the reactor: " + e.getCause(), e.getCause());
        } catch (final TimeoutException e) {
            final Throwable whereabouts = new Throwable("what the reactor does");
            whereabouts.setStackTrace(thread.getStackTrace());
            throw new AssertionError("the reactor does not answer", whereabouts);
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    /** Ends the export and waits until it has; fails if the thread did. The device is left open. */
    @Override
    public void close() {
        if (!ended.isDone()) {
            commands.add(() -> {
                device.hold(false);
                export.close();
            });
            ring.wakeUp();
        }
        try {
            await(ended);
        } finally {
            join();
        }
    }

    private void join() {
        try {
            thread.join(Duration.ofSeconds(TIMEOUT_S));
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}

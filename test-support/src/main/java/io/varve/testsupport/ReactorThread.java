package io.varve.testsupport;

import io.varve.linux.IoRing;
import io.varve.linux.IoRings;
import io.varve.linux.UnixSocket;
import io.varve.vhostuser.SessionOptions;
import io.varve.vhostuser.VhostUserBlkServer;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A {@link MemoryBlockDevice} served on a socket by a thread of its own, as a daemon does it: polling first, then blocking. */
public final class ReactorThread implements AutoCloseable {
    private static final long POLL_NS = 50_000;
    private static final long MAX_SLEEP_NS = 1_000_000_000;
    private static final int BACKLOG = 4;
    private static final int TIMEOUT_S = 20;

    /** Lanes of those that are not told how many: so that whatever is tested can be tested with lanes. */
    static final int LANES = Integer.getInteger("varve.test.lanes", 0);

    private final IoRing ring;
    private final List<MemoryLane> lanes = new ArrayList<>();
    private final VhostUserBlkServer server;
    private final MemoryBlockDevice device;
    private final ConcurrentLinkedQueue<Runnable> commands = new ConcurrentLinkedQueue<>();
    private final CompletableFuture<Void> ended = new CompletableFuture<>();
    private final Thread thread;
    private long sleeps;

    /** Listens and starts, with as many lanes as the system property {@code varve.test.lanes} says, or none. */
    public ReactorThread(final Path socketPath, final MemoryBlockDevice device, final SessionOptions options)
            throws IOException {
        this(socketPath, device, options, LANES);
    }

    /**
     * Listens and starts.
     *
     * @param socketPath where to listen.
     * @param device     touched by the reactor and its lanes only from now on, or in {@link #call}.
     * @param options    of the sessions.
     * @param laneCount  number of lanes.
     */
    public ReactorThread(
            final Path socketPath, final MemoryBlockDevice device, final SessionOptions options, final int laneCount)
            throws IOException {
        this.device = device;
        ring = IoRings.open(IoRings.DEFAULT_ENTRIES);
        for (int i = 0; i < laneCount; i++) {
            lanes.add(new MemoryLane(ring, device, i));
        }
        server = new VhostUserBlkServer(
                ring,
                UnixSocket.listen(socketPath, 0600, BACKLOG),
                device,
                options,
                lanes.stream().map(MemoryLane::lane).toList());
        thread = Thread.ofPlatform().name("reactor").start(this::run);
    }

    private void run() {
        try {
            long lastWorkNs = System.nanoTime();
            while (!server.isClosed()) {
                final int work = ring.turn(0) + runCommands() + device.doWork() + server.doWork();
                final long nowNs = System.nanoTime();
                if (work > 0) {
                    lastWorkNs = nowNs;
                } else if (nowNs - lastWorkNs > POLL_NS && !server.armNotifications() && !device.hasWork()) {
                    ring.turn(Math.min(MAX_SLEEP_NS, server.maxIdleNs()));
                    sleeps++;
                    server.disarmNotifications();
                }
            }
            ended.complete(null);
        } catch (final RuntimeException | Error e) {
            ended.completeExceptionally(e);
        } finally {
            lanes.forEach(MemoryLane::close);
            ring.close();
            runCommands();
        }
    }

    /** Reads that lanes have served. Any thread. */
    public long servedByLanes() {
        return lanes.stream().mapToLong(MemoryLane::served).sum();
    }

    /** The thread of a lane, once rings have been lent to it. */
    Thread laneThread(final int index) {
        return lanes.get(index).thread();
    }

    /** How often the reactor has slept; for {@link #call} only. */
    public long sleeps() {
        return sleeps;
    }

    private int runCommands() {
        int count = 0;
        for (Runnable command = commands.poll(); command != null; command = commands.poll()) {
            command.run();
            count++;
        }
        return count;
    }

    /** The server, for {@link #call} only. */
    public VhostUserBlkServer server() {
        return server;
    }

    /** Runs something on the reactor's thread and waits for it. */
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
            // The reactor may have looked for the last time.
            join();
            runCommands();
        }
        return await(CompletableFuture.anyOf(result, ended).thenCompose(any -> result));
    }

    /** Runs something on the reactor's thread and waits for it. */
    public void run(final Runnable task) {
        call(() -> {
            task.run();
            return null;
        });
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

    /** Ends the server and waits until it has; fails if the reactor did. The device is left open. */
    @Override
    public void close() {
        if (!ended.isDone()) {
            commands.add(() -> {
                device.hold(false);
                server.close();
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

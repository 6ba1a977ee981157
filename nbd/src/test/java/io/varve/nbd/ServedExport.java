package io.varve.nbd;

import io.varve.block.CloseReason;
import io.varve.block.SessionListener;
import io.varve.block.Sessions;
import io.varve.linux.IoRing;
import io.varve.linux.IoRings;
import io.varve.linux.StreamSocket;
import io.varve.linux.UnixSocket;
import io.varve.testsupport.MemoryBlockDevice;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;

/** A disk in memory served over NBD by a thread of its own, as a daemon does it: polling first, then blocking. */
final class ServedExport implements AutoCloseable, Sessions {
    static final String NAME = "disk";

    private static final long POLL_NS = 50_000;
    private static final long MAX_SLEEP_NS = 1_000_000_000;
    private static final int BACKLOG = 8;
    private static final int TIMEOUT_S = 20;

    private final IoRing ring = IoRings.open(IoRings.DEFAULT_ENTRIES);
    private final MemoryBlockDevice device;
    private final boolean isShared;
    private final NbdServer server;
    private final int port;
    private final ConcurrentLinkedQueue<Runnable> commands = new ConcurrentLinkedQueue<>();
    private final CompletableFuture<Void> ended = new CompletableFuture<>();
    private final List<CloseReason> closed = new ArrayList<>();
    private final Thread thread;
    private int writers;
    private int sessions;
    private int started;
    private int waited;

    private ServedExport(
            final StreamSocket listener, final MemoryBlockDevice device, final boolean isShared, final NbdTls tls)
            throws IOException {
        this.device = device;
        this.isShared = isShared;
        port = listener.port();
        server = new NbdServer(ring, listener, device, new NbdOptions(NAME, "test", this, tls));
        thread = Thread.ofPlatform().name("reactor").start(this::run);
    }

    static ServedExport at(final Path path, final MemoryBlockDevice device) throws IOException {
        return new ServedExport(StreamSocket.of(UnixSocket.listen(path, 0600, BACKLOG)), device, false, null);
    }

    static ServedExport shared(final Path path, final MemoryBlockDevice device) throws IOException {
        return new ServedExport(StreamSocket.of(UnixSocket.listen(path, 0600, BACKLOG)), device, true, null);
    }

    static ServedExport overTcp(final MemoryBlockDevice device, final NbdTls tls) throws IOException {
        return new ServedExport(
                StreamSocket.listen(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), BACKLOG),
                device,
                true,
                tls);
    }

    int port() {
        return port;
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
                    server.disarmNotifications();
                }
            }
            ended.complete(null);
        } catch (final RuntimeException | Error e) {
            ended.completeExceptionally(e);
        } finally {
            server.release();
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

    /** Runs something on the reactor's thread and waits for it. */
    <T> T call(final Callable<T> task) {
        final CompletableFuture<T> result = new CompletableFuture<>();
        commands.add(() -> {
            try {
                result.complete(task.call());
            } catch (final Exception | AssertionError e) {
                result.completeExceptionally(e);
            }
        });
        ring.wakeUp();
        return await(CompletableFuture.anyOf(result, ended).thenCompose(any -> result));
    }

    /** Waits until something holds, as seen on the reactor's thread. */
    void await(final BooleanSupplier condition) {
        final long deadlineNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(TIMEOUT_S);
        while (!call(condition::getAsBoolean)) {
            if (System.nanoTime() - deadlineNs > 0) {
                throw new AssertionError("not in time");
            }
            Thread.yield();
        }
    }

    private static <T> T await(final CompletableFuture<T> future) {
        try {
            return future.get(TIMEOUT_S, TimeUnit.SECONDS);
        } catch (final ExecutionException e) {
            throw new AssertionError("on the reactor: " + e.getCause(), e.getCause());
        } catch (final TimeoutException e) {
            throw new AssertionError("the reactor does not answer", e);
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    MemoryBlockDevice device() {
        return device;
    }

    NbdServer server() {
        return server;
    }

    Thread thread() {
        return thread;
    }

    /** Why sessions have ended, the first one first; for {@link #call} only. */
    List<CloseReason> closed() {
        return closed;
    }

    int started() {
        return started;
    }

    int waited() {
        return waited;
    }

    int sessions() {
        return sessions;
    }

    @Override
    public boolean mayWrite() {
        return !device.isReadOnly() && (isShared || writers == 0);
    }

    @Override
    public boolean isShared() {
        return isShared;
    }

    @Override
    public SessionListener open(final String peer, final boolean isWriter) {
        writers += isWriter ? 1 : 0;
        sessions++;
        return new SessionListener() {
            @Override
            public void onStarted() {
                started++;
            }

            @Override
            public void onRequestWaits() {
                waited++;
            }

            @Override
            public void onClosed(final CloseReason reason) {
                writers -= isWriter ? 1 : 0;
                sessions--;
                closed.add(reason);
            }
        };
    }

    @Override
    public void close() {
        if (!ended.isDone()) {
            commands.add(() -> {
                device.hold(false);
                server.close();
            });
            ring.wakeUp();
        }
        await(ended);
    }
}

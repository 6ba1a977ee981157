package io.varve.launcher.daemon;

import io.varve.launcher.ExitStatus;
import io.varve.launcher.config.Setting;
import io.varve.launcher.config.Settings;
import io.varve.launcher.metrics.MetricsServer;
import io.varve.linux.IoRings;
import io.varve.lsvd.VolumeException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;

/**
 * Runs a daemon in the foreground of a process, until SIGTERM or SIGINT. The first signal ends all volumes side by side; a
 * further one, or the bound on time, leaves to the next start what the store has not taken. A volume that does not even end
 * then is left behind.
 */
public final class Foreground {
    /** Whoever has started the process and wants to know how it is. */
    public interface Manager {
        /** The daemon can be used. */
        void ready();

        /** It ends. */
        void stopping();

        /** One line for people. */
        void status(String line);
    }

    /** How much longer than its store a volume may take to end. */
    private static final Duration MARGIN = Duration.ofSeconds(10);

    private final PrintWriter out;
    private final PrintWriter err;
    private final Manager manager;
    private final Duration shutdownTimeout;
    private final SharedReadCache readCache;
    private final Daemon daemon;
    private final CompletableFuture<Void> signalled = new CompletableFuture<>();
    private final CompletableFuture<Void> overdue = new CompletableFuture<>();

    /**
     * Prepares a daemon, and takes over the process's signals.
     *
     * @param manager         is told how the daemon is.
     * @param isAlone         whether it is there for one volume.
     * @param settings        say how large the read cache is, and how long the end waits for the store.
     */
    public Foreground(
            final PrintWriter out,
            final PrintWriter err,
            final Manager manager,
            final boolean isAlone,
            final Settings settings) {
        this.out = out;
        this.err = err;
        this.manager = manager;
        shutdownTimeout = settings.get(Setting.SHUTDOWN_TIMEOUT);
        readCache = SharedReadCache.of(settings);
        daemon = new Daemon(new Announcer(out, err, manager::status, isAlone), readCache);
        final String refusal = IoRings.refusal();
        if (refusal != null) {
            out.println("varve: " + refusal);
            out.flush();
        }
        Signals.install(this::onSignal);
    }

    /** The daemon. */
    public Daemon daemon() {
        return daemon;
    }

    private void onSignal(final int count) {
        if (count == 1) {
            manager.stopping();
            overdue.completeOnTimeout(null, shutdownTimeout.plus(MARGIN).toMillis(), TimeUnit.MILLISECONDS);
            daemon.end();
        } else {
            overdue.completeOnTimeout(null, MARGIN.toMillis(), TimeUnit.MILLISECONDS);
            daemon.hurry();
        }
        signalled.complete(null);
    }

    /**
     * Serves one volume until a signal comes, or it fails.
     *
     * @param metrics answers with its figures once it is ready; null for none.
     * @return exit status, of {@link ExitStatus}.
     * @throws VolumeException when the volume can't be opened; nothing was changed then.
     */
    public int serve(final VolumeOptions options, final MetricsServer metrics) throws VolumeException {
        final ServedVolume volume = daemon.attach(options);
        volume.ready().thenRun(() -> {
            if (metrics != null) {
                metrics.start(daemon::metrics);
                out.println("Metrics: " + metrics.url());
                out.flush();
            }
            manager.ready();
        });
        if (!awaitEnd(List.of(volume))) {
            return ExitStatus.FAILED;
        }
        try {
            volume.ready().join();
        } catch (final CompletionException e) {
            switch (e.getCause()) {
                case CancellationException asked -> {
                    return ExitStatus.OK;
                }
                case VolumeException known -> throw known;
                case RuntimeException known -> throw known;
                default -> throw e;
            }
        } catch (final CancellationException e) {
            return ExitStatus.OK;
        }
        final VolumeStatus last = volume.status();
        final boolean hasFailed = last.state() == VolumeStatus.State.FAILED
                || last.stats() != null && last.stats().failure() != null;
        return hasFailed ? ExitStatus.FAILED : ExitStatus.OK;
    }

    /** Says that the daemon can be used, and waits until a signal comes. */
    public void awaitSignal() {
        manager.ready();
        signalled.join();
    }

    /**
     * Waits until all volumes have ended, and closes what they have in common.
     *
     * @return false when some have not in time; this is told.
     */
    public boolean awaitEnd(final List<ServedVolume> volumes) {
        final CompletableFuture<Void> ended = CompletableFuture.allOf(
                volumes.stream().map(ServedVolume::ended).toArray(CompletableFuture<?>[]::new));
        CompletableFuture.anyOf(ended, overdue).join();
        if (ended.isDone()) {
            readCache.close();
            return true;
        }
        volumes.stream()
                .filter(volume -> !volume.ended().isDone())
                .forEach(volume ->
                        err.println("varve: volume " + volume.options().name()
                                + ": does not end, and is left behind; what was acknowledged is in the log"));
        err.flush();
        return false;
    }
}

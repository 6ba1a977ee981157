package io.varve.launcher.daemon;

import io.varve.launcher.ExitStatus;
import io.varve.launcher.UserException;
import io.varve.launcher.config.ByteSize;
import io.varve.launcher.metrics.RequestCounters;
import io.varve.launcher.metrics.VolumeMetrics;
import io.varve.linux.ErrnoException;
import io.varve.linux.IoRing;
import io.varve.linux.IoRings;
import io.varve.lsvd.Volume;
import io.varve.lsvd.VolumeException;
import io.varve.lsvd.VolumeStats;
import io.varve.vhostuser.CloseReason;
import io.varve.vhostuser.SessionListener;
import io.varve.vhostuser.SessionOptions;
import io.varve.vhostuser.VhostUserBlkServer;
import java.io.PrintWriter;

/**
 * The daemon of one volume. The thread that runs it becomes the reactor.
 *
 * <p>A signal while the volume is being opened ends the process at once: nothing has been acknowledged. Later, the first
 * ends the door, has everything shipped and the volume sealed; when the store does not answer in time, or on a further
 * signal, the daemon ends with everything durable in the log, to be shipped by the next one.
 */
public final class Daemon {
    private static final System.Logger LOGGER = System.getLogger(Daemon.class.getName());

    /** Longest sleep while ending, so that the deadline is met. */
    private static final long SHUTDOWN_TURN_NS = 10_000_000;

    /** An end that takes longer than this says what it waits for. */
    private static final long TELL_NS = 1_000_000_000;

    private final DaemonOptions options;
    private final DoorSocket door;
    private final PrintWriter out;
    private final PrintWriter err;
    private final String name;

    private Daemon(final DaemonOptions options, final DoorSocket door, final PrintWriter out, final PrintWriter err) {
        this.options = options;
        this.door = door;
        this.out = out;
        this.err = err;
        this.name = options.volume().name();
    }

    /**
     * Serves a volume until a signal comes.
     *
     * @param door closed at the end.
     * @param out  where readiness and the end are told.
     * @param err  where failure is told.
     * @return exit status, of {@link ExitStatus}.
     * @throws VolumeException when the volume can't be opened; nothing was changed then.
     */
    public static int run(
            final DaemonOptions options, final DoorSocket door, final PrintWriter out, final PrintWriter err)
            throws VolumeException {
        try (door) {
            return new Daemon(options, door, out, err).run();
        }
    }

    private int run() throws VolumeException {
        final Signals signals = Signals.install(this::endWhileOpening);
        final IoRing ring = openRing();
        final Volume volume;
        try {
            volume = Volume.open(options.volume().ring(ring));
        } catch (final VolumeException e) {
            ring.close();
            throw e;
        }
        signals.listener(ring::wakeUp);
        try {
            final VhostUserBlkServer server = serve(ring, volume, signals);
            end(ring, volume, server, signals);
            final int status = tellTheEnd(volume);
            volume.close();
            ring.close();
            return status;
        } catch (final Exception | InternalError | OutOfMemoryError e) {
            err.println("varve: volume " + name + ": the daemon failed and has to end: " + e
                    + "; what was acknowledged is in the log");
            LOGGER.log(System.Logger.Level.DEBUG, "the reactor failed", e);
            return ExitStatus.FAILED;
        }
    }

    private VhostUserBlkServer serve(final IoRing ring, final Volume volume, final Signals signals) {
        final RequestCounters counters = new RequestCounters();
        final VolumeMetrics metrics =
                new VolumeMetrics(name, volume.sizeBytes(), volume::stats, counters, options.store());
        final EngineBlockDevice device = new EngineBlockDevice(volume, counters);
        final VhostUserBlkServer server = new VhostUserBlkServer(
                ring,
                door.socket(),
                device,
                SessionOptions.of(name)
                        .withWriteCache(new VolumeWriteCache(volume))
                        .withListener(new SessionListener() {
                            @Override
                            public void onOpened() {
                                metrics.connected(true);
                            }

                            @Override
                            public void onClosed(final CloseReason reason) {
                                metrics.connected(false);
                                device.forgetCompletions();
                            }
                        }));
        final Reactor reactor = new Reactor(
                ring,
                new ServingDuties(name, volume, server, this::tellFailure),
                options.pollTime().toNanos());
        if (options.metrics() != null) {
            options.metrics().start(metrics::text);
        }
        tellReady(volume);
        reactor.runUntil(() -> signals.count() > 0);
        server.close();
        return server;
    }

    private void tellFailure(final String failure) {
        err.println("varve: volume " + name + ": every request fails from now on: " + failure);
        err.flush();
    }

    private void end(final IoRing ring, final Volume volume, final VhostUserBlkServer server, final Signals signals) {
        final int signalsBefore = signals.count();
        final long startNs = System.nanoTime();
        final long timeoutNs = options.shutdownTimeout().toNanos();
        boolean isTold = false;
        while (!volume.isShutDown()) {
            final long elapsedNs = System.nanoTime() - startNs;
            final boolean isTimeUp = signals.count() > signalsBefore || elapsedNs >= timeoutNs;
            if (server.isClosed() || isTimeUp) {
                // What is not answered by then, the guest asks for again.
                door.close();
                volume.shutdown();
            }
            if (isTimeUp) {
                volume.abandonStore();
            } else if (!isTold && elapsedNs >= TELL_NS) {
                isTold = true;
                say("shipping " + ByteSize.format(volume.stats().unsentBytes())
                        + " to the store; a further signal leaves that to the next start");
            }
            if (volume.doWork() + server.doWork() + ring.turn(0) == 0) {
                ring.turn(Math.min(volume.maxIdleNs(), SHUTDOWN_TURN_NS));
            }
        }
    }

    private IoRing openRing() {
        final String refusal = IoRings.refusal();
        if (refusal != null) {
            out.println("varve: " + refusal);
        }
        try {
            return IoRings.open(IoRings.DEFAULT_ENTRIES);
        } catch (final ErrnoException e) {
            throw new UserException("cannot set up I/O: " + e.getMessage(), e);
        }
    }

    private void tellReady(final Volume volume) {
        final String what = ByteSize.format(volume.sizeBytes()) + (volume.isReadOnly() ? ", read-only" : "");
        if (door.path() == null) {
            say(what + ", is ready on the inherited socket");
        } else {
            say(what + ", is ready at " + door.path());
            out.println("QEMU arguments: " + QemuArguments.of(door.path()));
        }
        if (options.metrics() != null) {
            out.println("Metrics: " + options.metrics().url());
        }
        out.flush();
    }

    private int tellTheEnd(final Volume volume) {
        final VolumeStats left = volume.stats();
        if (volume.failure() != null) {
            err.println("varve: volume " + name + ": ended after a failure: " + volume.failure());
            return ExitStatus.FAILED;
        }
        if (left.unsentBytes() == 0) {
            say("ended, everything is in the store");
        } else {
            say("ended, " + ByteSize.format(left.unsentBytes()) + " in " + left.unsentRecords()
                    + " records are unsent; they are durable in the log, and the next start ships them");
        }
        return ExitStatus.OK;
    }

    private void say(final String what) {
        out.println("varve: volume " + name + ": " + what);
        out.flush();
    }

    private void endWhileOpening() {
        door.close();
        Runtime.getRuntime().halt(ExitStatus.OK);
    }
}

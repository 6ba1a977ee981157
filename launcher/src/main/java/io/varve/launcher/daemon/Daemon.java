package io.varve.launcher.daemon;

import io.varve.launcher.ExitStatus;
import io.varve.launcher.UserException;
import io.varve.launcher.config.ByteSize;
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
    private static final long SHUTDOWN_TURN_NS = 10_000_000;

    private final DaemonOptions options;
    private final DoorSocket door;
    private final PrintWriter out;
    private final PrintWriter err;

    private Daemon(final DaemonOptions options, final DoorSocket door, final PrintWriter out, final PrintWriter err) {
        this.options = options;
        this.door = door;
        this.out = out;
        this.err = err;
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
            volume = Volume.open(new Volume.Context()
                    .store(options.store())
                    .name(options.volume())
                    .cacheDirectory(options.cacheDirectory())
                    .cacheSizeBytes(options.cacheSize())
                    .readOnly(options.readOnly())
                    .ring(ring));
        } catch (final VolumeException e) {
            ring.close();
            throw e;
        }
        signals.listener(ring::wakeUp);
        try {
            serve(ring, volume, signals);
            final VolumeStats left = end(ring, volume, signals);
            tellTheEnd(left);
            volume.close();
            ring.close();
            return ExitStatus.OK;
        } catch (final Exception | InternalError | OutOfMemoryError e) {
            err.println("varve: volume " + options.volume() + ": the daemon failed and has to end: " + e
                    + "; what was acknowledged is in the log");
            System.getLogger(Daemon.class.getName()).log(System.Logger.Level.ERROR, "the reactor failed", e);
            return ExitStatus.FAILED;
        }
    }

    private void serve(final IoRing ring, final Volume volume, final Signals signals) {
        final EngineBlockDevice device = new EngineBlockDevice(volume);
        final VhostUserBlkServer server = new VhostUserBlkServer(
                ring, door.socket(), device, SessionOptions.of(options.volume()).withListener(new SessionListener() {
                    @Override
                    public void onClosed(final CloseReason reason) {
                        device.forgetCompletions();
                    }
                }));
        final Reactor reactor = new Reactor(
                ring, new ServingDuties(volume, server), options.pollTime().toNanos());
        tellReady(volume);
        reactor.runUntil(() -> signals.count() > 0);
        server.close();
        reactor.runUntil(server::isClosed);
        door.close();
    }

    private record ServingDuties(Volume volume, VhostUserBlkServer server) implements Reactor.Duties {
        @Override
        public int doWork() {
            return volume.doWork() + server.doWork();
        }

        @Override
        public boolean armNotifications() {
            return server.armNotifications();
        }

        @Override
        public void disarmNotifications() {
            server.disarmNotifications();
        }
    }

    private VolumeStats end(final IoRing ring, final Volume volume, final Signals signals) {
        final long unsent = volume.stats().unsentBytes();
        if (unsent > 0) {
            say("shipping " + ByteSize.format(unsent)
                    + " to the store; a further signal leaves that to the next start");
        }
        volume.abandonAfter(options.shutdownTimeout().toNanos());
        volume.shutdown();
        final int already = signals.count();
        boolean hurrying = false;
        while (!volume.isShutDown()) {
            if (!hurrying && signals.count() > already) {
                hurrying = true;
                volume.abandonAfter(0);
            }
            if (volume.doWork() == 0) {
                ring.turn(SHUTDOWN_TURN_NS);
            } else {
                ring.turn(0);
            }
        }
        return volume.stats();
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
        out.flush();
    }

    private void tellTheEnd(final VolumeStats left) {
        say(
                left.unsentBytes() == 0
                        ? "ended, everything is in the store"
                        : "ended, " + ByteSize.format(left.unsentBytes()) + " in " + left.unsentRecords()
                                + " records are unsent; they are durable in the log, and the next start ships them");
    }

    private void say(final String what) {
        out.println("varve: volume " + options.volume() + ": " + what);
        out.flush();
    }

    private void endWhileOpening() {
        door.close();
        Runtime.getRuntime().halt(ExitStatus.OK);
    }
}

package io.varve.launcher.control;

import io.varve.control.AttachCall;
import io.varve.control.ControlException;
import io.varve.control.DetachCall;
import io.varve.control.ErrorKind;
import io.varve.control.StatusCall;
import io.varve.control.rpc.CallContext;
import io.varve.control.rpc.Json;
import io.varve.launcher.UserException;
import io.varve.launcher.config.Settings;
import io.varve.launcher.daemon.Daemon;
import io.varve.launcher.daemon.QemuArguments;
import io.varve.launcher.daemon.ServedVolume;
import io.varve.launcher.daemon.VolumeStatus;
import io.varve.launcher.daemon.VolumeStatus.State;
import io.varve.lsvd.VolumeException;
import io.varve.lsvd.store.ObjectStore;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Calls about attachments: those that stay, which are in a file, and those that end with the connection that asked for them. A volume
 * is detached with a connection when nobody else has asked for it.
 */
final class AttachWork {
    /** How much longer than its store the end of a volume is waited for, in milliseconds. */
    private static final long END_MARGIN_MS = 10_000;

    /** How often one who waits looks whether its client is still there, in milliseconds. */
    private static final long LOOK_MS = 500;

    private final Daemon daemon;
    private final Settings settings;
    private final Function<Settings, ObjectStore> store;
    private final Attachments attachments;

    /** What each attached volume was attached by. Guarded by {@link #attachments}, as is what follows. */
    private final Map<String, AttachCall> calls = new HashMap<>();

    private final Map<ServedVolume, Set<Hold>> holds = new HashMap<>();

    AttachWork(
            final Daemon daemon,
            final Settings settings,
            final Function<Settings, ObjectStore> store,
            final Attachments attachments) {
        this.daemon = daemon;
        this.settings = settings;
        this.store = store;
        this.attachments = attachments;
    }

    /** A connection that a volume stays attached for. */
    private final class Hold {
        private final CallContext connection;
        private final ServedVolume volume;
        private final Runnable end = this::end;

        private Hold(final CallContext connection, final ServedVolume volume) {
            this.connection = connection;
            this.volume = volume;
        }

        /** The connection has ended. */
        private void end() {
            final String name = volume.options().name();
            synchronized (attachments) {
                final Set<Hold> others = holds.get(volume);
                if (others == null || !others.remove(this) || !others.isEmpty()) {
                    return;
                }
                holds.remove(volume);
                if (attachments.get(name) == null && daemon.volume(name) == volume) {
                    calls.remove(name);
                    daemon.detach(name);
                }
            }
        }
    }

    /** Begins to attach again what was attached before; {@code complain} is told of each that can't be. */
    void restore(final Consumer<String> complain) {
        attachments.load().forEach((volume, params) -> {
            try {
                final AttachCall call = Json.params(AttachCall.class, params);
                daemon.attach(AttachPlan.options(call, settings, store, true));
                calls.put(volume, AttachPlan.lasting(call));
            } catch (final ControlException | UserException e) {
                complain.accept("volume " + volume + ", which was attached before, can't be: " + e.getMessage());
            }
        });
    }

    /** Attaches a volume and waits until front-ends can connect. Again with the same parameters: the same answer. */
    AttachCall.Answer attach(final AttachCall call, final CallContext connection) throws VolumeException {
        final ServedVolume volume = begin(call);
        if (call.untilDisconnect()) {
            hold(volume, connection);
            awaitWhileThere(volume.ready(), connection);
        }
        try {
            await(volume.ready());
        } catch (final VolumeException | RuntimeException e) {
            letGo(volume);
            throw e;
        }
        if (!call.untilDisconnect()) {
            keep(call, volume);
        }
        final VolumeStatus status = volume.status();
        return new AttachCall.Answer(
                status.name(),
                status.socket().toString(),
                call.nbd().nbd().isEmpty() ? null : call.nbd().nbd(),
                status.sizeBytes(),
                status.isReadOnly(),
                status.note(),
                QemuArguments.of(status.name(), status.socket()),
                QemuArguments.libvirtXml(status.socket()));
    }

    private ServedVolume begin(final AttachCall call) {
        final AttachCall lasting = AttachPlan.lasting(call);
        final ServedVolume there = daemon.volume(call.volume());
        if (there != null) {
            final State state = there.status().state();
            synchronized (attachments) {
                if ((isServed(state) || state == State.OPENING) && lasting.equals(calls.get(call.volume()))) {
                    return there;
                }
            }
            switch (state) {
                case OPENING, FOLLOWING, TAKING, SERVING ->
                    throw new UserException(
                            ErrorKind.BUSY,
                            "volume '" + call.volume() + "' is attached already, at "
                                    + there.status().socket() + ": detach it first");
                case ENDING ->
                    throw new UserException(ErrorKind.BUSY, "volume '" + call.volume() + "' is being detached");
                case ENDED, FAILED -> awaitEnd(there);
            }
        }
        final ServedVolume begun = daemon.attach(AttachPlan.options(call, settings, store, false));
        synchronized (attachments) {
            calls.put(call.volume(), lasting);
        }
        return begun;
    }

    private void hold(final ServedVolume volume, final CallContext connection) {
        final Hold hold = new Hold(connection, volume);
        synchronized (attachments) {
            final Set<Hold> others = holds.computeIfAbsent(volume, none -> new HashSet<>());
            if (others.stream().anyMatch(one -> one.connection == connection)) {
                return;
            }
            others.add(hold);
        }
        connection.onDisconnect(hold.end);
    }

    /** Nobody holds a volume any more that is gone. */
    private void letGo(final ServedVolume volume) {
        synchronized (attachments) {
            if (daemon.volume(volume.options().name()) != volume) {
                calls.remove(volume.options().name());
            }
            final Set<Hold> held = holds.remove(volume);
            if (held != null) {
                held.forEach(hold -> hold.connection.forget(hold.end));
            }
        }
    }

    private void keep(final AttachCall call, final ServedVolume volume) {
        synchronized (attachments) {
            if (daemon.volume(call.volume()) == volume
                    && isServed(volume.status().state())) {
                attachments.put(call.volume(), Json.ofRecord(AttachPlan.lasting(call)));
            }
        }
    }

    private static boolean isServed(final State state) {
        return state == State.FOLLOWING || state == State.TAKING || state == State.SERVING;
    }

    /** Waits for as long as the client is there: when it goes, so does the volume, however far it has come. */
    private static void awaitWhileThere(final CompletableFuture<Void> ready, final CallContext connection) {
        boolean isDone = ready.isDone();
        while (!isDone) {
            if (connection.isDisconnected()) {
                throw new UserException(ErrorKind.CANCELLED, "the client has gone");
            }
            isDone = ready.handle((nothing, error) -> true)
                    .completeOnTimeout(false, LOOK_MS, TimeUnit.MILLISECONDS)
                    .join();
        }
    }

    private static void await(final CompletableFuture<Void> ready) throws VolumeException {
        try {
            ready.join();
        } catch (final CancellationException e) {
            throw detachedMeanwhile(e);
        } catch (final CompletionException e) {
            switch (e.getCause()) {
                case CancellationException detached -> throw detachedMeanwhile(e);
                case VolumeException known -> throw known;
                case UserException known -> throw known;
                default -> throw new IllegalStateException(e.getCause());
            }
        }
    }

    private static UserException detachedMeanwhile(final RuntimeException e) {
        return new UserException(ErrorKind.CANCELLED, "the volume was detached while it was being opened", e);
    }

    /** Detaches a volume and waits until it has ended. */
    DetachCall.Answer detach(final DetachCall call) {
        final String name = call.volume();
        final ServedVolume volume;
        synchronized (attachments) {
            attachments.remove(name);
            calls.remove(name);
            volume = daemon.detach(name);
        }
        if (volume == null) {
            return new DetachCall.Answer(name, false, null);
        }
        letGo(volume);
        if (call.abandonStore()) {
            volume.hurry();
        }
        awaitEnd(volume);
        final VolumeStatus last = volume.status();
        return new DetachCall.Answer(
                name,
                true,
                last.stats() == null
                        ? new DetachCall.Left(0, null)
                        : new DetachCall.Left(
                                last.stats().unsentBytes(), last.stats().failure()));
    }

    private static void awaitEnd(final ServedVolume volume) {
        final long limitMs = volume.options().shutdownTimeout().toMillis() + END_MARGIN_MS;
        final boolean isEnded = volume.ended()
                .handle((nothing, error) -> true)
                .completeOnTimeout(false, limitMs, TimeUnit.MILLISECONDS)
                .join();
        if (!isEnded) {
            throw new UserException(
                    ErrorKind.UNAVAILABLE,
                    "volume '" + volume.options().name() + "' does not end within " + limitMs
                            + " ms; what was acknowledged is in the log, and a restart of the daemon gets rid of it");
        }
    }

    /** How all volumes are, or one. */
    StatusCall.Answer status(final StatusCall call) {
        final List<ServedVolume> volumes;
        if (call.volume() == null) {
            volumes = daemon.volumes();
        } else {
            final ServedVolume volume = daemon.volume(call.volume());
            if (volume == null) {
                throw new UserException(ErrorKind.NOT_FOUND, "volume '" + call.volume() + "' is not attached");
            }
            volumes = List.of(volume);
        }
        return new StatusCall.Answer(
                ProcessHandle.current().pid(),
                AttachedVolumes.of(daemon.readCache()),
                volumes.stream()
                        .map(volume -> AttachedVolumes.of(volume.status()))
                        .toList());
    }
}

package io.varve.launcher.control;

import io.varve.launcher.UserException;
import io.varve.launcher.config.Settings;
import io.varve.launcher.daemon.Daemon;
import io.varve.launcher.daemon.QemuArguments;
import io.varve.launcher.daemon.ServedVolume;
import io.varve.launcher.daemon.VolumeStatus;
import io.varve.launcher.daemon.VolumeStatus.State;
import io.varve.lsvd.VolumeException;
import io.varve.lsvd.store.ObjectStore;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;

/** {@code attach}, {@code detach} and {@code status}. */
final class DaemonMethods {
    /** How much longer than its store the end of a volume is waited for, in milliseconds. */
    private static final long END_MARGIN_MS = 10_000;

    private final Daemon daemon;
    private final Settings settings;
    private final Function<Settings, ObjectStore> store;
    private final Attachments attachments;

    DaemonMethods(
            final Daemon daemon,
            final Settings settings,
            final Function<Settings, ObjectStore> store,
            final Attachments attachments) {
        this.daemon = daemon;
        this.settings = settings;
        this.store = store;
        this.attachments = attachments;
    }

    /** Begins to attach again what was attached before; {@code complain} is told of each that can't be. */
    void restore(final Consumer<String> complain) {
        attachments.load().forEach((volume, params) -> {
            try {
                daemon.attach(AttachRequest.of(params).options(settings, store, true));
            } catch (final RpcException | UserException e) {
                complain.accept("volume " + volume + ", which was attached before, can't be: " + e.getMessage());
            }
        });
    }

    /** Attaches a volume and waits until front-ends can connect. Again with the same parameters: the same answer. */
    Map<String, Object> attach(final Map<String, Object> params) throws RpcException, VolumeException {
        final AttachRequest request = AttachRequest.of(params);
        final ServedVolume volume = begin(request);
        await(volume.ready());
        synchronized (attachments) {
            if (daemon.volume(request.volume()) == volume
                    && isServed(volume.status().state())) {
                attachments.put(request.volume(), request.lasting());
            }
        }
        final VolumeStatus status = volume.status();
        final Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("volume", status.name());
        answer.put("socket_path", status.socket().toString());
        if (!request.nbd().isEmpty()) {
            answer.put("nbd", request.nbd());
        }
        answer.put("size_bytes", status.sizeBytes());
        answer.put("read_only", status.isReadOnly());
        answer.put("note", status.note());
        answer.put("qemu_arguments", QemuArguments.of(status.name(), status.socket()));
        answer.put("libvirt_xml", QemuArguments.libvirtXml(status.socket()));
        return answer;
    }

    private ServedVolume begin(final AttachRequest request) {
        final ServedVolume there = daemon.volume(request.volume());
        if (there != null) {
            final State state = there.status().state();
            synchronized (attachments) {
                if ((isServed(state) || state == State.OPENING)
                        && request.lasting().equals(attachments.get(request.volume()))) {
                    return there;
                }
            }
            switch (state) {
                case OPENING, FOLLOWING, TAKING, SERVING ->
                    throw new UserException("volume '" + request.volume() + "' is attached already, at "
                            + there.status().socket() + ": detach it first");
                case ENDING -> throw new UserException("volume '" + request.volume() + "' is being detached");
                case ENDED, FAILED -> awaitEnd(there);
            }
        }
        return daemon.attach(request.options(settings, store, false));
    }

    private static boolean isServed(final State state) {
        return state == State.FOLLOWING || state == State.TAKING || state == State.SERVING;
    }

    private static void await(final CompletableFuture<Void> ready) throws VolumeException {
        try {
            ready.join();
        } catch (final CancellationException e) {
            throw new UserException("the volume was detached while it was being opened", e);
        } catch (final CompletionException e) {
            switch (e.getCause()) {
                case CancellationException detached ->
                    throw new UserException("the volume was detached while it was being opened", e);
                case VolumeException known -> throw known;
                case UserException known -> throw known;
                default -> throw new IllegalStateException(e.getCause());
            }
        }
    }

    /** Detaches a volume and waits until it has ended. */
    Map<String, Object> detach(final Map<String, Object> values) throws RpcException {
        final Params params = new Params(values, Set.of("volume", "abandon_store"));
        final String name = params.required("volume");
        final ServedVolume volume;
        synchronized (attachments) {
            attachments.remove(name);
            volume = daemon.detach(name);
        }
        final Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("volume", name);
        answer.put("detached", volume != null);
        if (volume != null) {
            if (params.flag("abandon_store")) {
                volume.hurry();
            }
            awaitEnd(volume);
            final VolumeStatus last = volume.status();
            answer.put("unsent_bytes", last.stats() == null ? 0 : last.stats().unsentBytes());
            answer.put("trouble", last.stats() == null ? null : last.stats().failure());
        }
        return answer;
    }

    private static void awaitEnd(final ServedVolume volume) {
        final long limitMs = volume.options().shutdownTimeout().toMillis() + END_MARGIN_MS;
        final boolean isEnded = volume.ended()
                .handle((nothing, error) -> true)
                .completeOnTimeout(false, limitMs, TimeUnit.MILLISECONDS)
                .join();
        if (!isEnded) {
            throw new UserException("volume '" + volume.options().name() + "' does not end within " + limitMs
                    + " ms; what was acknowledged is in the log, and a restart of the daemon gets rid of it");
        }
    }

    /** How all volumes are, or one. */
    Map<String, Object> status(final Map<String, Object> values) throws RpcException {
        final String name = new Params(values, Set.of("volume")).string("volume");
        final List<ServedVolume> volumes;
        if (name == null) {
            volumes = daemon.volumes();
        } else {
            final ServedVolume volume = daemon.volume(name);
            if (volume == null) {
                throw new UserException("volume '" + name + "' is not attached");
            }
            volumes = List.of(volume);
        }
        final Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("pid", ProcessHandle.current().pid());
        answer.put("read_cache", StatusJson.of(daemon.readCache()));
        answer.put(
                "volumes",
                volumes.stream().map(volume -> StatusJson.of(volume.status())).toList());
        return answer;
    }
}

package io.varve.launcher.control;

import io.varve.control.ErrorKind;
import io.varve.control.Event;
import io.varve.control.RemovalAnswer;
import io.varve.control.VolumeCreateCall;
import io.varve.control.VolumeDescription;
import io.varve.control.VolumeDuCall;
import io.varve.control.VolumeFenceCall;
import io.varve.control.VolumeInfoCall;
import io.varve.control.VolumeListCall;
import io.varve.control.VolumeMetadataCall;
import io.varve.control.VolumeRemoveCall;
import io.varve.control.VolumeRenameCall;
import io.varve.control.VolumeResizeCall;
import io.varve.control.VolumeSetCall;
import io.varve.control.rpc.CallContext;
import io.varve.launcher.UserException;
import io.varve.launcher.daemon.ServedVolume;
import io.varve.launcher.volume.Descriptions;
import io.varve.launcher.volume.VolumeSettingText;
import io.varve.lsvd.RemovalListener;
import io.varve.lsvd.VolumeCatalog;
import io.varve.lsvd.VolumeException;
import io.varve.lsvd.VolumeGuard;
import io.varve.lsvd.VolumeInfo;
import io.varve.lsvd.VolumeStanding;
import io.varve.lsvd.VolumeUsage;
import io.varve.lsvd.format.VolumeSettings;
import io.varve.lsvd.store.ObjectStore;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/** Calls about volumes as their store has them. */
final class VolumeWork {
    private final VolumeScope scope;

    VolumeWork(final VolumeScope scope) {
        this.scope = scope;
    }

    VolumeDescription create(final VolumeCreateCall call) throws VolumeException {
        final VolumeSettings asked = Descriptions.settings(call.options(), call.sizeBytes());
        final VolumeInfo info = scope.with(
                call.volume(),
                call.settings(),
                volumes -> volumes.create(call.volume(), asked, call.allowUnfitStore(), call.token()));
        scope.tell(Event.Type.CREATED, info.name());
        return Descriptions.of(info);
    }

    VolumeListCall.Answer list(final VolumeListCall call) throws VolumeException {
        return scope.with(null, call.settings(), volumes -> {
            final int limit = call.limit() == 0 ? Integer.MAX_VALUE : (int) call.limit();
            if (call.limit() == 0 && call.after() == null && !call.namesOnly()) {
                return new VolumeListCall.Answer(
                        volumes.list().stream().map(Descriptions::of).toList(), null, null);
            }
            final List<String> names = volumes.names(call.after() == null ? "" : call.after(), limit);
            final String next = names.size() == limit ? names.getLast() : null;
            return call.namesOnly()
                    ? new VolumeListCall.Answer(List.of(), names, next)
                    : new VolumeListCall.Answer(
                            volumes.infos(names).stream().map(Descriptions::of).toList(), null, next);
        });
    }

    VolumeDescription rename(final VolumeRenameCall call) throws VolumeException {
        scope.requireDetached(call.volume());
        final VolumeInfo info =
                scope.with(call.volume(), call.settings(), volumes -> volumes.rename(call.volume(), call.to()));
        scope.events().tell(Event.Type.RENAMED, info.name(), null, call.volume());
        return Descriptions.of(info);
    }

    VolumeMetadataCall.Answer metadata(final VolumeMetadataCall call) throws VolumeException {
        final boolean isChange = !call.set().isEmpty() || !call.remove().isEmpty();
        final Map<String, String> now = scope.with(
                call.volume(),
                call.settings(),
                volumes -> isChange
                        ? volumes.changeMetadata(call.volume(), call.set(), call.remove())
                        : volumes.metadata(call.volume()));
        if (isChange) {
            scope.tell(Event.Type.CHANGED, call.volume());
        }
        return new VolumeMetadataCall.Answer(call.volume(), now);
    }

    VolumeDescription info(final VolumeInfoCall call) throws VolumeException {
        final VolumeInfo info = scope.with(call.volume(), call.settings(), volumes -> volumes.info(call.volume()));
        return Descriptions.of(info);
    }

    VolumeDuCall.Answer usage(final VolumeDuCall call) throws VolumeException {
        final VolumeUsage usage = scope.with(call.volume(), call.settings(), volumes -> volumes.usage(call.volume()));
        return Descriptions.of(usage);
    }

    VolumeDescription set(final VolumeSetCall call) throws VolumeException {
        final Map<VolumeSettingText, String> changes = VolumeSettingText.parse(call.changes());
        final VolumeInfo info =
                scope.with(call.volume(), call.settings(), volumes -> volumes.set(call.volume(), changes));
        scope.tell(Event.Type.CHANGED, info.name());
        return Descriptions.of(info);
    }

    VolumeFenceCall.Answer fence(final VolumeFenceCall call) throws VolumeException, IOException {
        final VolumeStanding standing = scope.withStore(
                call.volume(), call.settings(), (opened, own) -> new VolumeGuard(opened).fence(call.volume()));
        final boolean isNew = standing.epoch() == 0;
        if (!standing.isClosed()) {
            scope.tell(Event.Type.FENCED, call.volume());
        }
        return new VolumeFenceCall.Answer(
                call.volume(),
                standing.uuid().toString(),
                standing.isClosed() ? "closed" : "fenced",
                new VolumeFenceCall.Writer(
                        standing.epoch(),
                        isNew ? null : standing.writer(),
                        isNew ? null : Instant.ofEpochMilli(standing.sinceMs()).toString()),
                standing.sequence(),
                standing.lastRecord(),
                standing.isClosed() ? null : standing.possibleLoss());
    }

    RemovalAnswer remove(final VolumeRemoveCall call, final CallContext context) throws VolumeException {
        final String name = call.volume();
        if (call.settings().isEmpty()) {
            scope.requireDetached(name);
        }
        final RemovalListener listener = (done, total, bytes) -> context.progress(done, total);
        final boolean isRemoved = scope.with(name, call.settings(), volumes -> volumes.remove(name, listener));
        if (isRemoved) {
            scope.tell(Event.Type.REMOVED, name);
        }
        return new RemovalAnswer(name, isRemoved);
    }

    /** A volume that this daemon serves grows under its guest. */
    VolumeDescription resize(final VolumeResizeCall call) throws VolumeException {
        final String name = call.volume();
        final ServedVolume served = scope.daemon().volume(name);
        if (served != null && !call.settings().isEmpty()) {
            throw new UserException(
                    "volume '" + name + "' is attached: it is resized where it is, so name no store and no cache");
        }
        final VolumeInfo info = served != null
                ? grow(served, call.sizeBytes(), call.allowShrink())
                : scope.with(
                        name, call.settings(), volumes -> volumes.resize(name, call.sizeBytes(), call.allowShrink()));
        scope.tell(Event.Type.RESIZED, name);
        return Descriptions.of(info);
    }

    private static VolumeInfo grow(final ServedVolume served, final long sizeBytes, final boolean allowsShrink)
            throws VolumeException {
        final String name = served.options().name();
        if (served.status().sizeBytes() == 0) {
            throw new UserException(
                    ErrorKind.UNAVAILABLE, "volume '" + name + "' is attached and not open: 'varve status' tells why");
        }
        if (sizeBytes < served.status().sizeBytes()) {
            throw new UserException(
                    ErrorKind.BUSY,
                    "volume '" + name + "' is attached, and can only grow: detach it to make it smaller"
                            + (allowsShrink ? "" : ", and say --allow-shrink: what lies beyond is lost for good"));
        }
        try (ObjectStore store = served.options().store().open()) {
            final VolumeInfo info = new VolumeCatalog(store).grow(name, sizeBytes);
            served.commands().grow(info.sizeBytes()).join();
            return info;
        }
    }
}

package io.varve.launcher.control;

import io.varve.control.ErrorKind;
import io.varve.control.Event;
import io.varve.control.RemovalAnswer;
import io.varve.control.SnapshotCreateCall;
import io.varve.control.SnapshotDescription;
import io.varve.control.SnapshotListCall;
import io.varve.control.SnapshotProtectCall;
import io.varve.control.SnapshotRemoveCall;
import io.varve.control.SnapshotRenameCall;
import io.varve.control.SnapshotRollbackCall;
import io.varve.control.VolumeDescription;
import io.varve.launcher.UserException;
import io.varve.launcher.daemon.ServedVolume;
import io.varve.launcher.volume.Descriptions;
import io.varve.launcher.volume.SnapshotName;
import io.varve.launcher.volume.StoreVolumes;
import io.varve.lsvd.VolumeException;
import io.varve.lsvd.VolumeInfo;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Calls about snapshots. */
final class SnapshotWork {
    private static final long STORED_LIMIT_NS = TimeUnit.SECONDS.toNanos(120);

    private final VolumeScope scope;

    SnapshotWork(final VolumeScope scope) {
        this.scope = scope;
    }

    private static SnapshotName name(final String volume, final String snapshot) {
        return new SnapshotName(volume, SnapshotName.check(snapshot));
    }

    /** Of a volume that this daemon serves the snapshot is taken between two requests of its guest. */
    SnapshotDescription create(final SnapshotCreateCall call) throws VolumeException {
        final SnapshotName name = name(call.volume(), call.snapshot());
        final ServedVolume served = scope.servedToWrite(name.volume());
        final SnapshotDescription taken = scope.with(
                name.volume(),
                call.settings(),
                all -> served == null ? all.createSnapshot(name) : take(served, name, all));
        scope.tell(Event.Type.SNAPSHOT_CREATED, name.volume(), name.snapshot());
        return taken;
    }

    private static SnapshotDescription take(
            final ServedVolume served, final SnapshotName name, final StoreVolumes volumes) throws VolumeException {
        volumes.requireFree(name);
        final long startNs = System.nanoTime();
        served.commands().snapshot(name.snapshot()).join();
        final long takenUs = TimeUnit.NANOSECONDS.toMicros(System.nanoTime() - startNs);
        while (true) {
            for (final SnapshotDescription one : volumes.listSnapshots(name.volume())) {
                if (one.name().equals(name.snapshot())) {
                    return new SnapshotDescription(
                            one.name(),
                            one.sizeBytes(),
                            one.created(),
                            one.isProtected(),
                            one.sequence(),
                            one.clones(),
                            takenUs);
                }
            }
            if (System.nanoTime() - startNs > STORED_LIMIT_NS) {
                throw new UserException(
                        ErrorKind.UNAVAILABLE,
                        "snapshot '" + name + "' is taken, and in the local log; it will be there for others once the"
                                + " store takes what comes before it");
            }
            Pauses.pause();
        }
    }

    SnapshotListCall.Answer list(final SnapshotListCall call) throws VolumeException {
        final List<SnapshotDescription> all =
                scope.with(call.volume(), call.settings(), volumes -> volumes.listSnapshots(call.volume()));
        final List<String> names = all.stream().map(SnapshotDescription::name).toList();
        final int start = call.after() == null ? 0 : names.indexOf(call.after()) + 1;
        if (call.after() != null && start == 0) {
            throw new UserException(ErrorKind.NOT_FOUND, "there is no snapshot '" + call.after() + "' to go on after");
        }
        final int end = call.limit() == 0 ? all.size() : (int) Math.min(all.size(), start + call.limit());
        return new SnapshotListCall.Answer(
                all.subList(start, end), end < all.size() && end > 0 ? names.get(end - 1) : null);
    }

    RemovalAnswer remove(final SnapshotRemoveCall call) throws VolumeException {
        final SnapshotName name = name(call.volume(), call.snapshot());
        final boolean isRemoved = scope.with(name.volume(), call.settings(), all -> all.removeSnapshot(name));
        if (isRemoved) {
            scope.tell(Event.Type.SNAPSHOT_REMOVED, name.volume(), name.snapshot());
        }
        return new RemovalAnswer(name.toString(), isRemoved);
    }

    SnapshotDescription rename(final SnapshotRenameCall call) throws VolumeException {
        final SnapshotName name = name(call.volume(), call.snapshot());
        final String to = SnapshotName.check(call.to());
        final SnapshotDescription renamed =
                scope.with(name.volume(), call.settings(), all -> all.renameSnapshot(name, to));
        scope.tell(Event.Type.SNAPSHOT_CHANGED, name.volume(), to);
        return renamed;
    }

    SnapshotDescription protect(final SnapshotProtectCall call) throws VolumeException {
        final SnapshotName name = name(call.volume(), call.snapshot());
        final SnapshotDescription changed =
                scope.with(name.volume(), call.settings(), all -> all.protectSnapshot(name, call.isProtected()));
        scope.tell(Event.Type.SNAPSHOT_CHANGED, name.volume(), name.snapshot());
        return changed;
    }

    VolumeDescription rollBack(final SnapshotRollbackCall call) throws VolumeException {
        final SnapshotName name = name(call.volume(), call.snapshot());
        final VolumeInfo info = scope.with(name.volume(), call.settings(), all -> {
            all.requireSnapshot(name);
            scope.requireDetached(name.volume());
            return all.rollBack(name);
        });
        scope.tell(Event.Type.ROLLED_BACK, name.volume(), name.snapshot());
        return Descriptions.of(info);
    }
}

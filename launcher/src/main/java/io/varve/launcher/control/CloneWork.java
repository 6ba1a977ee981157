package io.varve.launcher.control;

import io.varve.control.Event;
import io.varve.control.VolumeCloneCall;
import io.varve.control.VolumeDescription;
import io.varve.control.VolumeFlattenCall;
import io.varve.control.rpc.CallContext;
import io.varve.launcher.daemon.ServedVolume;
import io.varve.launcher.volume.Descriptions;
import io.varve.launcher.volume.SnapshotName;
import io.varve.launcher.volume.VolumeSettingText;
import io.varve.lsvd.VolumeException;
import io.varve.lsvd.VolumeInfo;
import io.varve.lsvd.gc.SpaceStats;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeUnit;

/** Calls about clones. */
final class CloneWork {
    /** How long a call flattens before it tells how far it is. */
    private static final long FLATTEN_STEP_NS = TimeUnit.SECONDS.toNanos(1);

    private final VolumeScope scope;

    CloneWork(final VolumeScope scope) {
        this.scope = scope;
    }

    VolumeDescription cloneOf(final VolumeCloneCall call) throws VolumeException {
        final SnapshotName from = SnapshotName.parse(call.from());
        final Map<VolumeSettingText, String> changes = VolumeSettingText.parse(call.changes());
        final VolumeInfo info = scope.with(
                call.volume(),
                call.settings(),
                volumes -> volumes.cloneOf(from, call.volume(), call.sizeBytes(), changes, call.token()));
        scope.tell(Event.Type.CREATED, info.name());
        return Descriptions.of(info);
    }

    /** Of a volume that this daemon serves it is done under its guest: a job to the end, else for a while. */
    VolumeFlattenCall.Answer flatten(final VolumeFlattenCall call, final CallContext context) throws VolumeException {
        final String name = call.volume();
        final ServedVolume served = scope.servedToWrite(name);
        if (served == null) {
            final Progress progress = new Progress(context);
            scope.with(name, call.settings(), all -> {
                all.flatten(name, progress::left);
                return null;
            });
            scope.tell(Event.Type.CHANGED, name);
            return new VolumeFlattenCall.Answer(name, true, null);
        }
        scope.with(name, call.settings(), all -> {
            all.requireFlattenable(name);
            return null;
        });
        final SpaceStats space =
                flatten(served, new Progress(context), context.isJob() ? Long.MAX_VALUE : FLATTEN_STEP_NS);
        if (space.isFlat()) {
            scope.with(name, call.settings(), all -> {
                all.cutTies(name);
                return null;
            });
            scope.tell(Event.Type.CHANGED, name);
        }
        return new VolumeFlattenCall.Answer(name, space.isFlat(), space.inheritedBytes());
    }

    private static SpaceStats flatten(final ServedVolume served, final Progress progress, final long limitNs) {
        final long startNs = System.nanoTime();
        SpaceStats space = served.commands().flatten();
        while (!space.isFlat() && System.nanoTime() - startNs < limitNs) {
            progress.left(space.inheritedBytes());
            Pauses.pause();
            space = served.commands().flatten();
        }
        return space;
    }

    /** How much is left, as how much is done. */
    private static final class Progress {
        private final CallContext context;
        private long total;

        private Progress(final CallContext context) {
            this.context = context;
        }

        void left(final long bytes) {
            total = Math.max(total, bytes);
            context.progress(total - bytes, total);
            if (context.isCancelled()) {
                throw new CancellationException();
            }
        }
    }
}

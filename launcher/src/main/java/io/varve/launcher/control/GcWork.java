package io.varve.launcher.control;

import io.varve.control.CollectionStatus;
import io.varve.control.GcPauseCall;
import io.varve.control.GcResumeCall;
import io.varve.control.GcStatusCall;
import io.varve.launcher.daemon.ServedVolume;

/** Calls about garbage collection. */
final class GcWork {
    private final VolumeScope scope;

    GcWork(final VolumeScope scope) {
        this.scope = scope;
    }

    CollectionStatus status(final GcStatusCall call) {
        return describe(scope.served(call.volume()));
    }

    CollectionStatus pause(final GcPauseCall call) {
        return pause(scope.served(call.volume()), true);
    }

    CollectionStatus resume(final GcResumeCall call) {
        return pause(scope.served(call.volume()), false);
    }

    private static CollectionStatus pause(final ServedVolume volume, final boolean value) {
        volume.commands().pauseCollection(value);
        return describe(volume);
    }

    private static CollectionStatus describe(final ServedVolume volume) {
        return new CollectionStatus(
                volume.options().name(),
                volume.options().gcPolicy().space(),
                volume.options().gcPolicy().garbage(),
                volume.options().gcPolicy().rate(),
                AttachedVolumes.of(volume.commands().space()));
    }
}

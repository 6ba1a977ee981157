package io.varve.launcher.daemon;

import io.varve.lsvd.Volume;
import io.varve.vhostuser.WriteCacheSetting;

/** The guest's write cache setting, kept with the volume: a change is logged like a write, and follows the volume to any host. */
record VolumeWriteCache(Volume volume) implements WriteCacheSetting {
    @Override
    public boolean isEnabled() {
        return volume.isWriteCache();
    }

    /** A volume that cannot log the change fails everything from then on, so the outcome needs no answer. */
    @Override
    public void enable(final boolean enabled) {
        volume.writeCache(enabled, (token, status) -> {}, 0);
    }
}

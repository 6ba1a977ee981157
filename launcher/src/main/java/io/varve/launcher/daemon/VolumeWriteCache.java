package io.varve.launcher.daemon;

import io.varve.lsvd.Volume;
import io.varve.vhostuser.WriteCacheSetting;
import io.varve.virtqueue.BlockDevice;

/** The guest's write cache setting, kept with the volume: a change is logged like a write, and follows the volume to any host. */
record VolumeWriteCache(Volume volume) implements WriteCacheSetting {
    @Override
    public boolean isEnabled() {
        return volume.isWriteCache();
    }

    @Override
    public void enable(final boolean enabled, final BlockDevice.Completion completion, final long token) {
        volume.writeCache(enabled, completion::onComplete, token);
    }
}

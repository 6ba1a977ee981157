package io.varve.launcher.daemon;

import io.varve.block.BlockDevice;
import io.varve.lsvd.Volume;
import io.varve.vhostuser.WriteCacheSetting;

/** The guest's write cache setting, kept with the volume: a change is logged like a write, and follows the volume to any host. */
record VolumeWriteCache(Possession possession) implements WriteCacheSetting {
    @Override
    public boolean isEnabled() {
        final Volume volume = possession.volume();
        return volume == null ? possession.standing().isWriteCache() : volume.isWriteCache();
    }

    @Override
    public void enable(final boolean enabled, final BlockDevice.Completion completion, final long token) {
        if (possession.isReady()) {
            possession.volume().writeCache(enabled, completion::onComplete, token);
        } else {
            completion.onComplete(token, BlockDevice.STATUS_IO_ERROR);
        }
    }
}

package io.varve.launcher.volume;

import io.varve.launcher.config.Settings;
import io.varve.lsvd.Volume;
import io.varve.lsvd.VolumeCatalog;
import io.varve.lsvd.VolumeException;
import io.varve.lsvd.VolumeInfo;
import io.varve.lsvd.store.ObjectStore;
import java.util.function.UnaryOperator;

/**
 * Makes a volume smaller that nobody has open: opens it, discards what lies beyond, and sets the size when that is in the
 * store, so that a volume that grows again reads zeros there. Cut short in between, the volume has its old size and zeros at
 * its end.
 */
final class OfflineShrink {
    /** Most bytes that are discarded by one request. */
    private static final long MAX_DISCARD = 64L << 30;

    private final ObjectStore store;
    private final Settings settings;
    private final VolumeCatalog catalog;

    OfflineShrink(final ObjectStore store, final Settings settings, final VolumeCatalog catalog) {
        this.store = store;
        this.settings = settings;
        this.catalog = catalog;
    }

    VolumeInfo shrink(final VolumeInfo info, final long sizeBytes) throws VolumeException {
        catalog.checkSize(sizeBytes);
        try (OfflineVolume offline = new OfflineVolume(
                store,
                settings,
                info.name(),
                UnaryOperator.identity(),
                "the end of the volume could not be discarded, and it keeps its size")) {
            final Volume volume = offline.volume();
            for (long offset = sizeBytes; offset < volume.sizeBytes(); offset += MAX_DISCARD) {
                final long start = offset;
                final long length = Math.min(MAX_DISCARD, volume.sizeBytes() - start);
                offline.ask(completion -> volume.discard(start, length, true, completion, 0));
            }
            offline.awaitStored();
            catalog.shrink(info.name(), sizeBytes, volume);
            offline.shutDown();
            return catalog.info(info.name());
        }
    }
}

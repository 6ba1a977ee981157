package io.varve.launcher.volume;

import io.varve.launcher.UserException;
import io.varve.launcher.config.Setting;
import io.varve.launcher.config.Settings;
import io.varve.linux.ErrnoException;
import io.varve.linux.IoRing;
import io.varve.linux.IoRings;
import io.varve.lsvd.Volume;
import io.varve.lsvd.VolumeCatalog;
import io.varve.lsvd.VolumeContext;
import io.varve.lsvd.VolumeException;
import io.varve.lsvd.VolumeInfo;
import io.varve.lsvd.format.VolumeSettings;
import io.varve.lsvd.scan.Cancellation;
import io.varve.lsvd.store.ObjectStore;
import io.varve.lsvd.transfer.ChangeSource;
import io.varve.lsvd.transfer.VolumeLoad;
import java.io.IOException;
import java.util.function.LongSupplier;

/**
 * Makes volumes out of images. A volume has its name only when all of it is in the store: until then it is called as
 * {@link VolumeCatalog#DRAFT_SUFFIX} says, and an import that fails or is broken off removes it.
 */
public final class VolumeImporter {
    /** Greatest log of an import, in bytes: it is deleted at the end, so that the volume gets one as the settings say. */
    private static final long MAX_LOG = 256L << 20;

    private final ObjectStore store;
    private final Settings settings;
    private final VolumeCatalog catalog;
    private final StoreVolumes volumes;
    private final Cancellation cancellation;
    private final VolumeLoad.Listener listener;

    /**
     * An importer into a store.
     *
     * @param store    left open.
     * @param settings say where the log is kept meanwhile.
     */
    public VolumeImporter(
            final ObjectStore store,
            final Settings settings,
            final Cancellation cancellation,
            final VolumeLoad.Listener listener) {
        this.store = store;
        this.settings = settings;
        this.cancellation = cancellation;
        this.listener = listener;
        catalog = new VolumeCatalog(store);
        volumes = new StoreVolumes(store, settings);
    }

    /**
     * Makes a volume.
     *
     * @param volume     its settings, with its size, or the greatest size that it may turn out to have.
     * @param finalBytes tells the size when everything has been read.
     */
    public VolumeInfo importNew(
            final String name,
            final VolumeSettings volume,
            final boolean allowsUnfitStore,
            final ChangeSource source,
            final LongSupplier finalBytes)
            throws VolumeException, IOException {
        final String draft = name + VolumeCatalog.DRAFT_SUFFIX;
        catalog.checkMayCreate(name, volume);
        requireNoDraft(name, draft);
        volumes.create(draft, volume, allowsUnfitStore);
        boolean isDone = false;
        try {
            load(draft, source, finalBytes);
            isDone = true;
        } finally {
            if (!isDone) {
                remove(draft);
            }
        }
        return catalog.publish(name);
    }

    private void requireNoDraft(final String name, final String draft) throws VolumeException {
        if (catalog.list().stream().anyMatch(info -> info.name().equals(draft))) {
            throw new UserException("there is a volume '" + draft + "': an import of '" + name
                    + "' is under way, or was broken off; in that case remove it, by 'varve volume remove " + draft
                    + "'");
        }
    }

    private void load(final String draft, final ChangeSource source, final LongSupplier finalBytes)
            throws VolumeException, IOException {
        final IoRing ring = openRing();
        Volume volume = null;
        try {
            volume = Volume.open(new VolumeContext()
                    .store(store)
                    .name(draft)
                    .cacheDirectory(settings.get(Setting.CACHE))
                    .logSizeBytes(Math.min(MAX_LOG, settings.get(Setting.CACHE_SIZE)))
                    .ring(ring));
            final VolumeLoad load = new VolumeLoad(volume, ring, true, cancellation, listener);
            load.run(source);
            final long sizeBytes = finalBytes.getAsLong();
            if (sizeBytes == 0) {
                throw new UserException("there is nothing to import: the input is empty");
            }
            if (sizeBytes < volume.sizeBytes()) {
                catalog.shrink(draft, sizeBytes, volume);
            }
            load.shutDown();
        } finally {
            // First the ring: what is in flight in it refers to the volume's memory.
            ring.close();
            if (volume != null) {
                volume.close();
            }
        }
        Volume.deleteLog(settings.get(Setting.CACHE), volume.uuid());
    }

    private static IoRing openRing() {
        try {
            return IoRings.open(IoRings.DEFAULT_ENTRIES);
        } catch (final ErrnoException e) {
            throw new UserException("cannot set up I/O: " + e.getMessage(), e);
        }
    }

    private void remove(final String draft) {
        try {
            volumes.remove(draft);
        } catch (final VolumeException | RuntimeException e) {
            throw new UserException(
                    "the import has failed, and what is there of it is called '" + draft
                            + "': remove it, by 'varve volume remove " + draft + "' (" + e.getMessage() + ")",
                    e);
        }
    }
}

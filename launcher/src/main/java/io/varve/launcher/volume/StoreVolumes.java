package io.varve.launcher.volume;

import io.varve.control.ErrorKind;
import io.varve.control.SnapshotDescription;
import io.varve.launcher.UserException;
import io.varve.launcher.config.ByteSize;
import io.varve.launcher.config.Setting;
import io.varve.launcher.config.Settings;
import io.varve.lsvd.RemovalListener;
import io.varve.lsvd.Volume;
import io.varve.lsvd.VolumeCatalog;
import io.varve.lsvd.VolumeException;
import io.varve.lsvd.VolumeInfo;
import io.varve.lsvd.VolumeUsage;
import io.varve.lsvd.format.VolumeSettings;
import io.varve.lsvd.store.ObjectStore;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.LongConsumer;

/** The volumes of a store that this process has open, and of the logs on this host. */
public final class StoreVolumes implements Volumes {
    private static final System.Logger LOG = System.getLogger(StoreVolumes.class.getName());

    private final ObjectStore store;
    private final Settings settings;
    private final VolumeCatalog catalog;
    private final StoreSnapshots snapshots;

    /**
     * The volumes of a store.
     *
     * @param store    left open.
     * @param settings say where the logs are.
     */
    public StoreVolumes(final ObjectStore store, final Settings settings) {
        this.store = store;
        this.settings = settings;
        catalog = new VolumeCatalog(store);
        snapshots = new StoreSnapshots(store, settings, catalog);
    }

    @Override
    public VolumeInfo create(final String name, final VolumeSettings volume, final boolean allowsUnfitStore)
            throws VolumeException {
        return create(name, volume, allowsUnfitStore, null);
    }

    /**
     * Makes a volume, once.
     *
     * @param token by which it is known again: then it is the answer; null for none.
     */
    public VolumeInfo create(
            final String name, final VolumeSettings volume, final boolean allowsUnfitStore, final String token)
            throws VolumeException {
        final boolean mayBeThere = token != null && !token.isEmpty() && catalog.findIfThere(name) != null;
        if (!allowsUnfitStore && !mayBeThere) {
            catalog.checkMayCreate(name, volume);
            StoreFitness.require(catalog.checkStore(), catalog.url());
        }
        return catalog.create(name, volume, token == null ? "" : token);
    }

    /**
     * Names of volumes.
     *
     * @param after the last name of the page before; empty for none.
     */
    public List<String> names(final String after, final int limit) throws VolumeException {
        return catalog.names(after, limit);
    }

    /** The volumes of these names; one that is gone meanwhile is left out. */
    public List<VolumeInfo> infos(final List<String> names) throws VolumeException {
        final List<VolumeInfo> infos = new ArrayList<>();
        for (final String name : names) {
            try {
                infos.add(catalog.info(name));
            } catch (final VolumeException e) {
                switch (e.kind()) {
                    case NOT_FOUND -> LOG.log(Level.DEBUG, "a volume is gone that was listed", e);
                    case DAMAGED -> infos.add(VolumeInfo.unreadable(name, null, e.getMessage()));
                    default -> throw e;
                }
            }
        }
        return infos;
    }

    @Override
    public VolumeInfo rename(final String name, final String to) throws VolumeException {
        requireUnused(name);
        return catalog.rename(name, to);
    }

    @Override
    public Map<String, String> metadata(final String name) throws VolumeException {
        return catalog.metadata(name);
    }

    @Override
    public Map<String, String> changeMetadata(
            final String name, final Map<String, String> set, final List<String> remove) throws VolumeException {
        return catalog.changeMetadata(name, before -> {
            final Map<String, String> after = new TreeMap<>(before);
            after.keySet().removeAll(remove);
            after.putAll(set);
            return after;
        });
    }

    @Override
    public List<VolumeInfo> list() throws VolumeException {
        return catalog.list();
    }

    @Override
    public VolumeInfo info(final String name) throws VolumeException {
        return catalog.info(name);
    }

    @Override
    public VolumeUsage usage(final String name) throws VolumeException {
        return catalog.usage(name);
    }

    @Override
    public VolumeInfo set(final String name, final Map<VolumeSettingText, String> changes) throws VolumeException {
        return catalog.set(name, before -> VolumeSettingText.change(before, changes));
    }

    /** A volume that something on this host has open is refused: its guest would not hear of it. */
    @Override
    public VolumeInfo resize(final String name, final long sizeBytes, final boolean allowsShrink)
            throws VolumeException {
        final VolumeInfo info = catalog.info(name);
        if (sizeBytes < info.sizeBytes()) {
            requireShrink(info, sizeBytes, allowsShrink);
        }
        if (isInUse(info.uuid())) {
            throw new VolumeInUseException(name, info.uuid());
        }
        if (sizeBytes >= info.sizeBytes()) {
            return sizeBytes == info.sizeBytes() ? info : catalog.grow(name, sizeBytes);
        }
        return new OfflineShrink(store, settings, catalog).shrink(info, sizeBytes);
    }

    /**
     * Checks whether a volume may become smaller.
     *
     * @throws UserException when that was not said.
     */
    public static void requireShrink(final VolumeInfo info, final long sizeBytes, final boolean allowsShrink) {
        if (!allowsShrink) {
            throw new UserException("volume '" + info.name() + "' has " + ByteSize.format(info.sizeBytes())
                    + ": --allow-shrink makes it smaller, and what lies beyond " + ByteSize.format(sizeBytes)
                    + " is lost for good");
        }
    }

    @Override
    public VolumeInfo cloneOf(
            final SnapshotName from,
            final String name,
            final long sizeBytes,
            final Map<VolumeSettingText, String> changes)
            throws VolumeException {
        return cloneOf(from, name, sizeBytes, changes, null);
    }

    /**
     * Makes a clone, once.
     *
     * @param token by which it is known again: then it is the answer; null for none.
     */
    public VolumeInfo cloneOf(
            final SnapshotName from,
            final String name,
            final long sizeBytes,
            final Map<VolumeSettingText, String> changes,
            final String token)
            throws VolumeException {
        return snapshots.cloneOf(from, name, sizeBytes, changes, token == null ? "" : token);
    }

    /** What there is to say when a volume needs objects of its ancestors that can't be read. */
    public static UserException flattenStuck(final String volume) {
        return new UserException(
                ErrorKind.DAMAGED,
                "volume '" + volume + "' can't be flattened: what is left to copy is in objects that are"
                        + " missing or damaged; 'varve volume verify " + volume + "' names them");
    }

    @Override
    public void flatten(final String name, final LongConsumer bytesLeft) throws VolumeException {
        requireFlattenable(name);
        requireUnused(name);
        snapshots.flatten(name, bytesLeft);
    }

    /** Checks, before all data is copied, that this lets its ancestors go. */
    public void requireFlattenable(final String name) throws VolumeException {
        catalog.requireNoDependents(name);
    }

    /** Lets the ancestors of a volume go that needs nothing of them any more. */
    public void cutTies(final String name) throws VolumeException {
        catalog.cutTies(name);
    }

    @Override
    public SnapshotDescription createSnapshot(final SnapshotName name) throws VolumeException {
        requireUnused(name.volume());
        return snapshots.create(name);
    }

    @Override
    public List<SnapshotDescription> listSnapshots(final String volume) throws VolumeException {
        return snapshots.list(volume);
    }

    @Override
    public boolean removeSnapshot(final SnapshotName name) throws VolumeException {
        return snapshots.remove(name);
    }

    @Override
    public SnapshotDescription renameSnapshot(final SnapshotName name, final String to) throws VolumeException {
        return snapshots.rename(name, to);
    }

    @Override
    public SnapshotDescription protectSnapshot(final SnapshotName name, final boolean isProtected)
            throws VolumeException {
        return snapshots.protect(name, isProtected);
    }

    @Override
    public VolumeInfo rollBack(final SnapshotName name) throws VolumeException {
        requireSnapshot(name);
        requireUnused(name.volume());
        return snapshots.rollBack(name);
    }

    /** Checks that there is a snapshot. */
    public void requireSnapshot(final SnapshotName name) throws VolumeException {
        snapshots.info(name);
    }

    /** Checks that a snapshot of an open volume can have a name. */
    public void requireFree(final SnapshotName name) throws VolumeException {
        snapshots.requireFree(name);
    }

    private void requireUnused(final String name) throws VolumeException {
        final UUID volume = catalog.find(name);
        if (isInUse(volume)) {
            throw new VolumeInUseException(name, volume);
        }
    }

    @Override
    public boolean remove(final String name, final RemovalListener listener) throws VolumeException {
        final UUID volume = catalog.findIfThere(name);
        if (volume != null && isInUse(volume)) {
            throw new VolumeInUseException(name, volume);
        }
        final boolean removed = catalog.remove(name, listener);
        if (volume != null) {
            try {
                Volume.deleteLog(cache(), volume);
            } catch (final IOException e) {
                throw new UserException(
                        ErrorKind.UNAVAILABLE,
                        "cannot remove the log of volume '" + name + "' in " + cache() + ": " + e.getMessage(),
                        e);
            }
        }
        return removed;
    }

    private boolean isInUse(final UUID volume) {
        try {
            return Volume.isInUse(cache(), volume);
        } catch (final IOException e) {
            throw new UserException(
                    ErrorKind.UNAVAILABLE,
                    "cannot look at the log of a volume in " + cache() + ": " + e.getMessage(),
                    e);
        }
    }

    private Path cache() {
        return settings.get(Setting.CACHE);
    }
}

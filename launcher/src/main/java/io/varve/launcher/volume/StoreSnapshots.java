package io.varve.launcher.volume;

import io.varve.control.ErrorKind;
import io.varve.control.SnapshotDescription;
import io.varve.launcher.UserException;
import io.varve.launcher.config.Settings;
import io.varve.lsvd.VolumeCatalog;
import io.varve.lsvd.VolumeException;
import io.varve.lsvd.VolumeInfo;
import io.varve.lsvd.format.CloneRecord;
import io.varve.lsvd.format.SnapshotRecord;
import io.varve.lsvd.format.VolumeSettings;
import io.varve.lsvd.snapshot.Snapshot;
import io.varve.lsvd.snapshot.Snapshots;
import io.varve.lsvd.store.ObjectStore;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.LongConsumer;
import java.util.function.UnaryOperator;

/** The snapshots of a store's volumes, of which none is open here. */
final class StoreSnapshots {
    private final ObjectStore store;
    private final Settings settings;
    private final VolumeCatalog catalog;

    StoreSnapshots(final ObjectStore store, final Settings settings, final VolumeCatalog catalog) {
        this.store = store;
        this.settings = settings;
        this.catalog = catalog;
    }

    /** Opens the volume, takes the snapshot, and closes it. */
    SnapshotDescription create(final SnapshotName name) throws VolumeException {
        requireFree(name);
        try (OfflineVolume offline = new OfflineVolume(
                store, settings, name.volume(), UnaryOperator.identity(), "the snapshot could not be taken")) {
            offline.ask(completion ->
                    offline.volume().snapshot(name.snapshot(), System.currentTimeMillis(), completion, 0));
            offline.shutDown();
        }
        return info(name);
    }

    List<SnapshotDescription> list(final String volume) throws VolumeException {
        try {
            final Snapshots snapshots = catalog.snapshots(volume);
            final Map<Long, List<CloneRecord>> clones = snapshots.clones();
            final List<SnapshotDescription> infos = new ArrayList<>();
            for (final Snapshot snapshot : snapshots.list()) {
                infos.add(describe(snapshot, clones.getOrDefault(snapshot.checkpoint(), List.of())));
            }
            return infos;
        } catch (final IOException e) {
            throw failure("list the snapshots of volume '" + volume + "'", e);
        }
    }

    SnapshotDescription info(final SnapshotName name) throws VolumeException {
        return list(name.volume()).stream()
                .filter(info -> info.name().equals(name.snapshot()))
                .reduce((older, newer) -> newer)
                .orElseThrow(() -> new UserException(ErrorKind.NOT_FOUND, missing(name)));
    }

    /** Removes a snapshot; false when there was none. */
    boolean remove(final SnapshotName name) throws VolumeException {
        try {
            final Snapshots snapshots = catalog.snapshots(name.volume());
            final Snapshot snapshot = snapshots.find(name.snapshot());
            if (snapshot == null) {
                return false;
            }
            if (snapshots.hasClones()) {
                catalog.removeUnfinishedClones(name.volume());
            }
            final List<String> clones = info(name).clones();
            final String unprotect = "'varve snapshot unprotect " + name + "'";
            if (!clones.isEmpty()) {
                throw new UserException(
                        ErrorKind.HAS_CHILDREN,
                        "snapshot '" + name + "' has clones, which need its data: remove or flatten "
                                + String.join(", ", clones) + " first"
                                + (snapshot.record().isProtected() ? "; it is protected as well: " + unprotect : ""));
            }
            if (snapshot.record().isProtected()) {
                throw new UserException(
                        ErrorKind.PROTECTED,
                        "snapshot '" + name + "' is protected: " + unprotect + " lets it be removed");
            }
            snapshots.remove(snapshot);
            return true;
        } catch (final IOException e) {
            throw failure("remove snapshot '" + name + "'", e);
        }
    }

    SnapshotDescription rename(final SnapshotName name, final String to) throws VolumeException {
        final SnapshotName renamed = new SnapshotName(name.volume(), to);
        requireFree(renamed);
        change(name, record -> record.withName(to));
        return info(renamed);
    }

    SnapshotDescription protect(final SnapshotName name, final boolean isProtected) throws VolumeException {
        change(name, record -> record.withProtection(isProtected));
        return info(name);
    }

    /** Has the volume go back to a snapshot; what was written since is in later snapshots only. */
    VolumeInfo rollBack(final SnapshotName name) throws VolumeException {
        final long sizeBytes = info(name).sizeBytes();
        try (OfflineVolume offline = new OfflineVolume(
                store,
                settings,
                name.volume(),
                context -> context.rollBackTo(name.snapshot()),
                "the volume could not go back to '" + name + "'")) {
            offline.shutDown();
            if (offline.volume().sizeBytes() != sizeBytes) {
                catalog.shrink(name.volume(), sizeBytes, offline.volume());
            }
        }
        return catalog.info(name.volume());
    }

    VolumeInfo cloneOf(
            final SnapshotName from,
            final String name,
            final long sizeBytes,
            final Map<VolumeSettingText, String> changes,
            final String token)
            throws VolumeException {
        final Snapshot snapshot = catalog.snapshot(from.volume(), from.snapshot());
        final VolumeSettings before = catalog.info(from.volume()).nextSettings();
        final VolumeSettings settings = VolumeSettingText.change(before, changes)
                .withSizeBytes(sizeBytes == 0 ? snapshot.record().sizeBytes() : sizeBytes);
        return catalog.createClone(name, settings, snapshot, token);
    }

    /** Gives a clone a copy of all its data, and lets its ancestors go. */
    void flatten(final String volume, final LongConsumer bytesLeft) throws VolumeException {
        try (OfflineVolume offline = new OfflineVolume(
                store, settings, volume, UnaryOperator.identity(), "the volume could not be flattened")) {
            offline.volume().flatten();
            offline.await(
                    () -> offline.volume().stats().space().isFlat()
                            || offline.volume().isFlattenStuck(),
                    () -> bytesLeft.accept(offline.volume().stats().space().inheritedBytes()));
            if (offline.volume().isFlattenStuck()) {
                throw StoreVolumes.flattenStuck(volume);
            }
            offline.shutDown();
        }
        catalog.cutTies(volume);
    }

    /** Checks that a snapshot can be taken under a name. */
    void requireFree(final SnapshotName name) throws VolumeException {
        try {
            if (catalog.snapshots(name.volume()).find(name.snapshot()) != null) {
                throw new UserException(ErrorKind.EXISTS, "snapshot '" + name + "' exists already");
            }
        } catch (final IOException e) {
            throw failure("look up snapshot '" + name + "'", e);
        }
    }

    private void change(final SnapshotName name, final UnaryOperator<SnapshotRecord> change) throws VolumeException {
        try {
            final Snapshots snapshots = catalog.snapshots(name.volume());
            final Snapshot snapshot = snapshots.find(name.snapshot());
            if (snapshot == null || !snapshots.change(snapshot, change)) {
                throw new UserException(ErrorKind.NOT_FOUND, missing(name));
            }
        } catch (final IOException e) {
            throw failure("change snapshot '" + name + "'", e);
        }
    }

    private static SnapshotDescription describe(final Snapshot snapshot, final List<CloneRecord> clones) {
        return new SnapshotDescription(
                snapshot.name(),
                snapshot.record().sizeBytes(),
                Instant.ofEpochMilli(snapshot.record().createdMs()).toString(),
                snapshot.record().isProtected(),
                snapshot.checkpoint(),
                clones.stream().map(CloneRecord::name).toList(),
                null);
    }

    private static String missing(final SnapshotName name) {
        return "volume '" + name.volume() + "' has no snapshot '" + name.snapshot() + "'";
    }

    private VolumeException failure(final String what, final IOException e) {
        return new VolumeException("cannot " + what + " in " + catalog.url() + ": " + e.getMessage(), e);
    }
}

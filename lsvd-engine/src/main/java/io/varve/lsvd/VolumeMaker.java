package io.varve.lsvd;

import io.varve.lsvd.VolumeException.Kind;
import io.varve.lsvd.VolumeNames.Claim;
import io.varve.lsvd.crypto.KeyException;
import io.varve.lsvd.crypto.VolumeKeys;
import io.varve.lsvd.format.CloneRecord;
import io.varve.lsvd.format.Covered;
import io.varve.lsvd.format.EpochRecord;
import io.varve.lsvd.format.MetadataRecord;
import io.varve.lsvd.format.ObjectHeader;
import io.varve.lsvd.format.VolumeSettings;
import io.varve.lsvd.history.HistoryReader;
import io.varve.lsvd.history.KeyHistory;
import io.varve.lsvd.history.MetadataHistory;
import io.varve.lsvd.history.Sealer;
import io.varve.lsvd.runtime.EngineRuntime;
import io.varve.lsvd.snapshot.Snapshot;
import io.varve.lsvd.snapshot.Snapshots;
import io.varve.lsvd.store.Keys;
import io.varve.lsvd.store.StoreClient;
import java.io.IOException;
import java.util.Map;
import java.util.UUID;

/** Makes volumes: new ones, and clones of snapshots. The claim of the name, which comes last, is what makes one. */
final class VolumeMaker {
    private final CatalogContext context;
    private final VolumeNames names;
    private final StoreClient store;
    private final EngineRuntime runtime;

    VolumeMaker(final CatalogContext context, final VolumeNames names) {
        this.context = context;
        this.names = names;
        store = context.store();
        runtime = context.runtime();
    }

    /**
     * What is to be made.
     *
     * @param from  the snapshot that it is a clone of, or null.
     * @param token by which it is known again; empty for none.
     */
    record Wish(String name, VolumeSettings settings, Snapshot from, String token) {
        EpochRecord.Origin origin() {
            return from == null ? null : from.asOrigin();
        }
    }

    /** Makes a volume, or finds the one that was made for the same wish; gives its identity. */
    UUID make(final Wish wish) throws VolumeException {
        try {
            final Claim claim = check(wish);
            if (claim.isClaimed()) {
                return claim.volume();
            }
            finishRemoval(claim);
            final UUID volume = runtime.randomUuid();
            return wish.from == null ? make(wish, claim, volume) : makeClone(wish, claim, volume);
        } catch (final IOException e) {
            throw context.failure("make volume '" + wish.name + "'", e);
        }
    }

    /** Checks, without changing anything, whether a volume can be made; gives the claim that is there instead of it, or was. */
    Claim check(final Wish wish) throws VolumeException {
        ObjectName.check("volume", wish.name);
        if (wish.token.length() > MetadataRecord.MAX_TOKEN_LENGTH) {
            throw new VolumeException(
                    Kind.INVALID, "a token has at most " + MetadataRecord.MAX_TOKEN_LENGTH + " characters");
        }
        VolumeSizes.check(wish.settings.sizeBytes());
        SettingsChanger.checkBounds(wish.settings);
        if (wish.from != null && wish.settings.sizeBytes() < wish.from.record().sizeBytes()) {
            throw new VolumeException(
                    Kind.INVALID,
                    "a clone is at least as large as its snapshot, "
                            + wish.from.record().sizeBytes() + " bytes");
        }
        try {
            final Claim claim = names.newest(wish.name);
            if (claim.state() != VolumeNames.State.FREE && !isFor(claim, wish)) {
                throw new VolumeException(Kind.EXISTS, "volume '" + wish.name + "' exists already in " + context.url());
            }
            return claim;
        } catch (final IOException e) {
            throw context.failure("make volume '" + wish.name + "'", e);
        }
    }

    private boolean isFor(final Claim claim, final Wish wish) throws IOException {
        if (!claim.isClaimed()
                || wish.token.isEmpty()
                || !new MetadataHistory(store, claim.volume()).newest().token().equals(wish.token)) {
            return false;
        }
        final EpochRecord creation = new HistoryReader(store, claim.volume()).epoch(0);
        return creation.settings().equals(wish.settings)
                && (creation.origin() == null
                        ? wish.from == null
                        : creation.origin().equals(wish.origin()));
    }

    private UUID makeClone(final Wish wish, final Claim claim, final UUID volume) throws IOException, VolumeException {
        final Snapshots snapshots = new Snapshots(store, wish.from.volume());
        if (!snapshots.addClone(wish.from, new CloneRecord(volume, wish.origin(), wish.name, claim.version() + 1))) {
            throw new VolumeException(Kind.NOT_FOUND, "snapshot '" + wish.from.name() + "' was removed meanwhile");
        }
        try {
            return make(wish, claim, volume);
        } catch (final VolumeException e) {
            snapshots.removeClone(wish.origin(), volume);
            throw e;
        }
    }

    /** When the name is taken meanwhile, nothing of the volume is left. */
    private UUID make(final Wish wish, final Claim claim, final UUID volume) throws IOException, VolumeException {
        makeKeys(wish, volume);
        final EpochRecord creation = creation(wish);
        store.putIfAbsent(Keys.epoch(volume, 0), creation.encode());
        final String seal = Keys.object(volume, 0, creation.firstSequence());
        store.putIfAbsent(
                seal,
                Sealer.encode(
                        volume,
                        0,
                        creation.firstSequence(),
                        creation.nonce(),
                        Covered.through(0, creation.settings().writeCache()),
                        creation.checkpoint()));
        final String metadata = Keys.metadata(volume, 1);
        store.putIfAbsent(metadata, new MetadataRecord(wish.name, wish.token, Map.of()).encode());
        if (names.claim(claim, volume)) {
            return volume;
        }
        store.delete(Keys.dataKeys(volume, 1));
        store.delete(metadata);
        store.delete(seal);
        store.delete(Keys.epoch(volume, 0));
        throw new VolumeException(
                Kind.BUSY, "volume '" + wish.name + "' was being made by someone else at the same time");
    }

    /** A clone of an encrypted volume needs its keys, and those of its ancestors; what it writes itself has a key of its own. */
    private void makeKeys(final Wish wish, final UUID volume) throws IOException, VolumeException {
        if (store.store().keyWrapper() == null) {
            if (wish.from != null) {
                context.keys(wish.from.volume(), wish.name);
            }
            return;
        }
        try (VolumeKeys ancestors = ancestors(wish)) {
            new KeyHistory(store, volume)
                    .create(store.store().keyWrapper(), ancestors.all(), runtime.currentTimeMillis())
                    .close();
        } catch (final KeyException e) {
            throw new VolumeException(Kind.INVALID, "volume '" + wish.name + "' can't be made: " + e.getMessage(), e);
        }
    }

    private VolumeKeys ancestors(final Wish wish) throws IOException {
        if (wish.from == null) {
            return VolumeKeys.NONE;
        }
        final KeyHistory history = new KeyHistory(store, wish.from.volume());
        return history.newest() == null
                ? VolumeKeys.NONE
                : history.open(store.store().keyWrapper());
    }

    private EpochRecord creation(final Wish wish) {
        final long nowMs = runtime.currentTimeMillis();
        final Snapshot from = wish.from;
        return new EpochRecord(
                0,
                runtime.randomUuid(),
                from == null ? 0 : from.checkpoint() + 1,
                0,
                from == null ? ObjectHeader.NO_CHECKPOINT : from.checkpoint(),
                wish.settings,
                nowMs,
                nowMs,
                "",
                wish.origin());
    }

    /** Deletes what is left of a volume that had a name and was removed: once the name is taken again, nobody would find it. */
    private void finishRemoval(final Claim claim) throws IOException, VolumeException {
        if (names.mayBeRemoved(claim)) {
            new VolumeRemover(store, runtime, claim.volume()).deleteData(RemovalListener.NONE);
        }
    }
}

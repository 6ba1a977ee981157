package io.varve.lsvd;

import io.varve.lsvd.VolumeException.Kind;
import io.varve.lsvd.VolumeMaker.Wish;
import io.varve.lsvd.VolumeNames.Claim;
import io.varve.lsvd.VolumeNames.Named;
import io.varve.lsvd.format.EpochRecord;
import io.varve.lsvd.format.MetadataRecord;
import io.varve.lsvd.format.NameRecord;
import io.varve.lsvd.format.VolumeSettings;
import io.varve.lsvd.history.HistoryReader;
import io.varve.lsvd.history.MetadataHistory;
import io.varve.lsvd.runtime.EngineRuntime;
import io.varve.lsvd.runtime.SystemRuntime;
import io.varve.lsvd.snapshot.Snapshot;
import io.varve.lsvd.snapshot.Snapshots;
import io.varve.lsvd.store.Keys;
import io.varve.lsvd.store.ObjectStore;
import io.varve.lsvd.store.StoreClient;
import io.varve.lsvd.store.StoreProbe;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.UUID;
import java.util.function.UnaryOperator;

/**
 * The volumes of a store: makes, names, lists, changes and removes them. For any thread that may wait. What is asked of a name
 * throws a {@link VolumeException} of the kind NOT_FOUND when no volume has it.
 */
public final class VolumeCatalog {
    /** What the name of a volume ends with while its contents are still being copied into it: see {@link #publish}. */
    public static final String DRAFT_SUFFIX = ".importing";

    private static final long STORE_TIMEOUT_MS = 60_000;

    private final CatalogContext context;
    private final StoreClient store;
    private final EngineRuntime runtime;
    private final VolumeNames names;
    private final VolumeMaker maker;
    private final SettingsChanger settings;
    private final VolumeDescriber describer;
    private final Map<UUID, Snapshots> snapshots = new HashMap<>();

    /** Makes a catalog of a store's volumes. */
    public VolumeCatalog(final ObjectStore store) {
        this(store, new SystemRuntime(), STORE_TIMEOUT_MS);
    }

    /** Makes a catalog that waits as its world does. */
    public VolumeCatalog(final ObjectStore store, final EngineRuntime runtime, final long timeoutMs) {
        this.store = new StoreClient(store, runtime, timeoutMs);
        this.runtime = runtime;
        context = new CatalogContext(this.store, runtime);
        names = new VolumeNames(context);
        maker = new VolumeMaker(context, names);
        settings = new SettingsChanger(context);
        describer = new VolumeDescriber(context, names);
    }

    /** Makes a volume of a size, with default settings: see {@link #create(String, VolumeSettings)}. */
    public VolumeInfo create(final String name, final long sizeBytes) throws VolumeException {
        return create(name, VolumeSettings.ofSize(sizeBytes));
    }

    /** Makes a volume, as {@link #create(String, VolumeSettings, String)} without a token. */
    public VolumeInfo create(final String name, final VolumeSettings with) throws VolumeException {
        return create(name, with, "");
    }

    /**
     * Makes a volume.
     *
     * @param with  its settings, with a size that is a multiple of 512, at most 64 TiB.
     * @param token by which the volume is known again: where one was made under this name with the same token and settings,
     *              it is the answer. At most 128 characters; empty for none.
     * @throws VolumeException when the name or a setting is no good, or the name is taken.
     */
    public VolumeInfo create(final String name, final VolumeSettings with, final String token) throws VolumeException {
        return describe(name, maker.make(new Wish(name, with, null, token)));
    }

    /** Makes a clone, as {@link #createClone(String, VolumeSettings, Snapshot, String)} without a token. */
    public VolumeInfo createClone(final String name, final VolumeSettings with, final Snapshot from)
            throws VolumeException {
        return createClone(name, with, from, "");
    }

    /**
     * Makes a volume that begins as a snapshot of another one and shares its objects.
     *
     * @param with  its settings, with a size no smaller than the snapshot's.
     * @param token as of {@link #create(String, VolumeSettings, String)}.
     * @throws VolumeException when the name or a setting is no good, the name is taken, or the snapshot is gone.
     */
    public VolumeInfo createClone(final String name, final VolumeSettings with, final Snapshot from, final String token)
            throws VolumeException {
        return describe(name, maker.make(new Wish(name, with, from, token)));
    }

    /**
     * Checks, without changing anything, whether a volume can be made.
     *
     * @throws VolumeException as {@link #create(String, VolumeSettings)}.
     */
    public void checkMayCreate(final String name, final VolumeSettings with) throws VolumeException {
        maker.check(new Wish(name, with, null, ""));
    }

    /** The snapshots of a volume. What has been read of them once is not read again. */
    public Snapshots snapshots(final String name) throws VolumeException {
        return snapshots.computeIfAbsent(find(name), volume -> new Snapshots(store, volume));
    }

    /**
     * The snapshot of a volume.
     *
     * @throws VolumeException when there is none of that name.
     */
    public Snapshot snapshot(final String name, final String snapshot) throws VolumeException {
        try {
            final Snapshot found = snapshots(name).find(snapshot);
            if (found == null) {
                throw new VolumeException(Kind.NOT_FOUND, "volume '" + name + "' has no snapshot '" + snapshot + "'");
            }
            return found;
        } catch (final IOException e) {
            throw context.failure("look up snapshot '" + name + "@" + snapshot + "'", e);
        }
    }

    /** Removes what is left of clones of a volume whose making was broken off. */
    public void removeUnfinishedClones(final String name) throws VolumeException {
        final UUID volume = find(name);
        try {
            new UnfinishedClones(store, runtime).remove(volume);
        } catch (final IOException e) {
            throw context.failure("look for clones of volume '" + name + "'", e);
        }
    }

    /**
     * Checks that a clone's ancestors could be let go of if it had a copy of its data.
     *
     * @throws VolumeException when it has snapshots or clones of its own, which may still need them.
     */
    public void requireNoDependents(final String name) throws VolumeException {
        final UUID volume = find(name);
        try {
            new UnfinishedClones(store, runtime).remove(volume);
            final Snapshots snapshots = new Snapshots(store, volume);
            if (!snapshots.list().isEmpty() || snapshots.hasClones()) {
                throw new VolumeException(
                        Kind.HAS_SNAPSHOTS,
                        "volume '" + name
                                + "' has snapshots or clones of its own, which share data with its ancestors as well: remove those,"
                                + " and flatten it then");
            }
        } catch (final IOException e) {
            throw context.failure("look for snapshots of volume '" + name + "'", e);
        }
    }

    /**
     * Lets a clone's ancestors go, of which it needs nothing any more: see {@link Volume#flatten()}.
     *
     * @throws VolumeException when it has snapshots or clones of its own, which may still need them.
     */
    public void cutTies(final String name) throws VolumeException {
        requireNoDependents(name);
        final UUID volume = find(name);
        try {
            final EpochRecord.Origin origin =
                    new HistoryReader(store, volume).newestEpoch().origin();
            if (origin != null) {
                new Snapshots(store, volume).confirmRemovals();
                new Snapshots(store, origin.volume()).removeClone(origin, volume);
            }
        } catch (final IOException e) {
            throw context.failure("flatten volume '" + name + "'", e);
        }
    }

    /**
     * Tries whether the store is fit to hold new volumes: {@link StoreProbe#quickCheck}.
     *
     * @throws VolumeException when it can't be reached.
     */
    public StoreProbe.Finding checkStore() throws VolumeException {
        try {
            return StoreProbe.quickCheck(store);
        } catch (final IOException e) {
            throw context.failure("check the store", e);
        }
    }

    /**
     * Tries whether the store is still fit to hold a volume: {@link StoreProbe#checkAgain}, with the claim of its name.
     *
     * @throws VolumeException when there is no such volume, or the store can't be reached.
     */
    public StoreProbe.Finding checkStoreOf(final String name) throws VolumeException {
        final Claim claim = names.claimOf(name);
        try {
            return StoreProbe.checkAgain(store, Keys.nameVersion(name, claim.version()), NameRecord.MAX_LENGTH);
        } catch (final IOException e) {
            throw context.failure("check the store", e);
        }
    }

    /** All volumes, in the order of their names; one that can't be read is {@linkplain VolumeInfo#trouble said} to be so. */
    public List<VolumeInfo> list() throws VolumeException {
        try {
            final List<VolumeInfo> volumes = new ArrayList<>();
            for (final String name : new TreeSet<>(names.list("", Integer.MAX_VALUE))) {
                final VolumeInfo info = describer.infoIfThere(name);
                if (info != null) {
                    volumes.add(info);
                }
            }
            return volumes;
        } catch (final IOException e) {
            throw context.failure("list volumes", e);
        }
    }

    /**
     * Names of volumes, by pages, at the cost of a listing of the store.
     *
     * @param after the last name of the page before; empty for the first page.
     * @param limit most names to list, at least 1; when there are as many, there may be more.
     * @return names in an order of their own: that of keys in the store.
     */
    public List<String> names(final String after, final int limit) throws VolumeException {
        try {
            return names.list(after, limit);
        } catch (final IOException e) {
            throw context.failure("list volumes", e);
        }
    }

    /** One volume. */
    public VolumeInfo info(final String name) throws VolumeException {
        final UUID volume = find(name);
        try {
            return describer.describe(name, volume).withParent(new Parentage(store, names).of(volume));
        } catch (final IOException e) {
            throw context.failure("read volume '" + name + "'", e);
        }
    }

    private VolumeInfo describe(final String name, final UUID volume) throws VolumeException {
        try {
            return describer.describe(name, volume);
        } catch (final IOException e) {
            throw context.failure("read volume '" + name + "'", e);
        }
    }

    /**
     * What a volume takes of the store, counted from the store alone: reads the volume's newest checkpoint and what follows it.
     *
     * @throws VolumeException when there is none of that name, or it can't be read.
     */
    public VolumeUsage usage(final String name) throws VolumeException {
        final VolumeInfo info = info(name);
        try {
            return new UsageReader(store).read(info);
        } catch (final IOException e) {
            throw context.failure("count what volume '" + name + "' takes", e);
        }
    }

    /**
     * Changes settings of a volume, open or not, from the next time on that it is opened.
     *
     * @param change gives the new settings from those that count so far; the disk's size and the write cache are left as they are.
     * @throws VolumeException when there is none of that name, or a setting is no good.
     */
    public VolumeInfo set(final String name, final UnaryOperator<VolumeSettings> change) throws VolumeException {
        final UUID volume = find(name);
        settings.set(name, volume, change);
        return describe(name, volume);
    }

    /**
     * Makes the disk of a volume larger, from the next time on that it is opened; whoever has it open may let it
     * {@linkplain Volume#grow grow} at once. A disk that is larger already stays as it is.
     *
     * @throws VolumeException when there is none of that name, or the size is no good.
     */
    public VolumeInfo grow(final String name, final long sizeBytes) throws VolumeException {
        return resize(name, sizeBytes, before -> before.withSizeBytes(Math.max(before.sizeBytes(), sizeBytes)));
    }

    /**
     * Makes the disk of a volume smaller, from the next time on that it is opened.
     *
     * @param open the volume, by whoever has it open and has discarded what lies beyond, with everything in the store.
     * @throws VolumeException when there is none of that name, or the size is no good.
     */
    public VolumeInfo shrink(final String name, final long sizeBytes, final Volume open) throws VolumeException {
        if (!open.isStored() || open.failure() != null) {
            throw new IllegalStateException("the discarded end of volume '" + name + "' is not in the store");
        }
        return resize(name, sizeBytes, before -> before.withSizeBytes(sizeBytes));
    }

    private VolumeInfo resize(final String name, final long sizeBytes, final UnaryOperator<VolumeSettings> change)
            throws VolumeException {
        checkSize(sizeBytes);
        final UUID volume = find(name);
        settings.resize(name, volume, change);
        return describe(name, volume);
    }

    /**
     * Checks whether a volume can have a size in bytes.
     *
     * @throws VolumeException when it is not a multiple of 512, or more than 64 TiB.
     */
    public void checkSize(final long sizeBytes) throws VolumeException {
        VolumeSizes.check(sizeBytes);
    }

    /** The identity of a volume. */
    public UUID find(final String name) throws VolumeException {
        return names.claimOf(name).volume();
    }

    /** The identity of a volume, or null when there is none of that name. */
    public UUID findIfThere(final String name) throws VolumeException {
        ObjectName.check("volume", name);
        try {
            final Claim claim = names.newest(name);
            return claim.isClaimed() ? claim.volume() : null;
        } catch (final IOException e) {
            throw context.failure("look up volume '" + name + "'", e);
        }
    }

    /**
     * The name of a volume that is given by its name or, where none has that name, by its identity.
     *
     * @throws VolumeException when there is none of either.
     */
    public String nameOf(final String nameOrUuid) throws VolumeException {
        final Named found = names.resolve(nameOrUuid);
        return found.name();
    }

    /**
     * Gives a volume another name, whether or not it is open: it stays the same volume. Asked for again, it finishes what was
     * cut short.
     *
     * @throws VolumeException when there is none of the old name, or the new one is no good or taken.
     */
    public VolumeInfo rename(final String name, final String to) throws VolumeException {
        final Claim claim = names.claimOf(name);
        names.rename(claim, to);
        return describe(to, claim.volume());
    }

    /** What programs have noted of a volume, by key. */
    public Map<String, String> metadata(final String name) throws VolumeException {
        final UUID volume = find(name);
        try {
            return new MetadataHistory(store, volume).newest().entries();
        } catch (final IOException e) {
            throw context.failure("read the metadata of volume '" + name + "'", e);
        }
    }

    /**
     * Changes what programs have noted of a volume.
     *
     * @param change gives the new entries from those that count; called again when another change came between. At most
     *               64 KiB of keys and values.
     * @return the new entries.
     */
    public Map<String, String> changeMetadata(final String name, final UnaryOperator<Map<String, String>> change)
            throws VolumeException {
        final UUID volume = find(name);
        try {
            final MetadataHistory history = new MetadataHistory(store, volume);
            final String objection =
                    MetadataRecord.objection(change.apply(history.newest().entries()));
            if (objection != null) {
                throw new VolumeException(Kind.INVALID, objection);
            }
            return history.change(before -> before.withName(name).withEntries(change.apply(before.entries())))
                    .entries();
        } catch (final IOException e) {
            throw context.failure("change the metadata of volume '" + name + "'", e);
        }
    }

    /**
     * Removes a volume and its data: gives up the name, ends the epoch, marks the volume as removed, and then deletes all but
     * seals and that mark. A removal that was cut short is finished by the next, or when another volume is made under the name.
     *
     * @return false when there was none of that name.
     */
    public boolean remove(final String name) throws VolumeException {
        return remove(name, RemovalListener.NONE);
    }

    /**
     * Removes a volume, as {@link #remove(String)}.
     *
     * @param listener is told how far it has come.
     */
    public boolean remove(final String name, final RemovalListener listener) throws VolumeException {
        ObjectName.check("volume", name);
        try {
            final Claim claim = names.newest(name);
            if (!claim.isClaimed() && !names.mayBeRemoved(claim)) {
                return false;
            }
            final VolumeRemover remover = new VolumeRemover(store, runtime, claim.volume());
            remover.requireNoClones();
            if (claim.isClaimed() && !names.release(claim)) {
                throw new VolumeException(
                        Kind.BUSY, "volume '" + name + "' was renamed, or removed by someone else, at the same time");
            }
            if (names.mayBeRemoved(names.newest(name))) {
                // Where the release was found: whoever put it may have died before it was durable.
                store.confirm(Keys.name(name));
                remover.deleteData(listener);
            }
            return claim.isClaimed();
        } catch (final IOException e) {
            throw context.failure("remove volume '" + name + "'", e);
        }
    }

    /**
     * Gives a volume that is complete now its name in place of the one with {@link #DRAFT_SUFFIX}.
     *
     * @throws VolumeException when the name has been taken meanwhile.
     */
    public VolumeInfo publish(final String name) throws VolumeException {
        final String draft = name + DRAFT_SUFFIX;
        try {
            return rename(draft, name);
        } catch (final VolumeException e) {
            if (e.kind() != Kind.EXISTS) {
                throw e;
            }
            throw new VolumeException(
                    Kind.EXISTS,
                    "volume '" + name + "' was made by someone else meanwhile: this one is '" + draft + "', and stays",
                    e);
        }
    }

    /** The store's address, for messages. */
    public String url() {
        return context.url();
    }
}

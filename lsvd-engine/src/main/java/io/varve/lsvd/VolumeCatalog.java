package io.varve.lsvd;

import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.format.CloneRecord;
import io.varve.lsvd.format.Covered;
import io.varve.lsvd.format.EpochRecord;
import io.varve.lsvd.format.NameRecord;
import io.varve.lsvd.format.ObjectHeader;
import io.varve.lsvd.format.VolumeSettings;
import io.varve.lsvd.history.HistoryReader;
import io.varve.lsvd.history.Sealer;
import io.varve.lsvd.history.SettingsHistory;
import io.varve.lsvd.runtime.EngineRuntime;
import io.varve.lsvd.runtime.SystemRuntime;
import io.varve.lsvd.snapshot.Snapshot;
import io.varve.lsvd.snapshot.Snapshots;
import io.varve.lsvd.store.Keys;
import io.varve.lsvd.store.ObjectStore;
import io.varve.lsvd.store.StoreClient;
import io.varve.lsvd.store.StoreException;
import io.varve.lsvd.store.StoreProbe;
import io.varve.lsvd.store.StoredObject;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.UUID;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;

/** The volumes of a store: makes, lists and removes them. For any thread that may wait. */
public final class VolumeCatalog {
    /** What a name looks like, for messages. */
    public static final String NAME_RULE =
            "1 to 63 lower-case letters, digits, '-', '_' or '.', beginning with a letter or" + " digit";

    /** What the name of a volume ends with while its contents are still being copied into it: see {@link #publish}. */
    public static final String DRAFT_SUFFIX = ".importing";

    private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9._-]{0,62}");
    private static final long STORE_TIMEOUT_MS = 60_000;

    private final StoreClient store;
    private final EngineRuntime runtime;
    private final Map<UUID, Snapshots> snapshots = new HashMap<>();

    /** Makes a catalog of a store's volumes. */
    public VolumeCatalog(final ObjectStore store) {
        this(store, new SystemRuntime(), STORE_TIMEOUT_MS);
    }

    /** Makes a catalog that waits as its world does. */
    public VolumeCatalog(final ObjectStore store, final EngineRuntime runtime, final long timeoutMs) {
        this.store = new StoreClient(store, runtime, timeoutMs);
        this.runtime = runtime;
    }

    /** Makes a volume of a size, with default settings: see {@link #create(String, VolumeSettings)}. */
    public VolumeInfo create(final String name, final long sizeBytes) throws VolumeException {
        return create(name, VolumeSettings.ofSize(sizeBytes));
    }

    /**
     * Makes a volume.
     *
     * @param settings with a size that is a multiple of 4096, at most 64 TiB.
     * @throws VolumeException when the name or a setting is no good, or the name is taken.
     */
    public VolumeInfo create(final String name, final VolumeSettings settings) throws VolumeException {
        final Claim claim = checkCreation(name, settings);
        try {
            finishRemoval(name, claim);
            final VolumeInfo made = create(name, claim, runtime.randomUuid(), creation(settings, null));
            if (made == null) {
                throw takenMeanwhile(name);
            }
            return made;
        } catch (final IOException e) {
            throw failure("make volume '" + name + "'", e);
        }
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
                throw new VolumeException(
                        VolumeException.Kind.NOT_FOUND,
                        "volume '" + name + "' has no snapshot '" + snapshot + "'; 'varve snapshot list " + name
                                + "' shows what there is");
            }
            return found;
        } catch (final IOException e) {
            throw failure("look up snapshot '" + name + "@" + snapshot + "'", e);
        }
    }

    /** Removes what is left of clones of a volume whose making was broken off. */
    public void removeUnfinishedClones(final String name) throws VolumeException {
        final UUID volume = find(name);
        try {
            new UnfinishedClones(store, runtime).remove(volume);
        } catch (final IOException e) {
            throw failure("look for clones of volume '" + name + "'", e);
        }
    }

    /**
     * Makes a volume that begins as a snapshot of another one and shares its objects.
     *
     * @param settings with a size no smaller than the snapshot's.
     * @throws VolumeException when the name or a setting is no good, the name is taken, or the snapshot is gone.
     */
    public VolumeInfo createClone(final String name, final VolumeSettings settings, final Snapshot from)
            throws VolumeException {
        final Claim claim = checkCreation(name, settings);
        if (settings.sizeBytes() < from.record().sizeBytes()) {
            throw new VolumeException(
                    VolumeException.Kind.INVALID,
                    "a clone is at least as large as its snapshot, "
                            + from.record().sizeBytes() + " bytes");
        }
        try {
            finishRemoval(name, claim);
            final UUID volume = runtime.randomUuid();
            final Snapshots snapshots = new Snapshots(store, from.volume());
            if (!snapshots.addClone(from, new CloneRecord(volume, from.asOrigin(), name, claim.version + 1))) {
                throw new VolumeException(
                        VolumeException.Kind.NOT_FOUND, "snapshot '" + from.name() + "' was removed meanwhile");
            }
            final VolumeInfo made = create(name, claim, volume, creation(settings, from));
            if (made == null) {
                snapshots.removeClone(from.asOrigin(), volume);
                throw takenMeanwhile(name);
            }
            return made;
        } catch (final IOException e) {
            throw failure("make volume '" + name + "'", e);
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
                        VolumeException.Kind.HAS_SNAPSHOTS,
                        "volume '" + name
                                + "' has snapshots or clones of its own, which share data with its ancestors as well: remove those,"
                                + " and flatten it then");
            }
        } catch (final IOException e) {
            throw failure("look for snapshots of volume '" + name + "'", e);
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
            throw failure("flatten volume '" + name + "'", e);
        }
    }

    private static VolumeException takenMeanwhile(final String name) {
        return new VolumeException(
                VolumeException.Kind.BUSY, "volume '" + name + "' was being made by someone else at the same time");
    }

    /** Null when the name is taken: then nothing of the volume is left. */
    private VolumeInfo create(final String name, final Claim claim, final UUID volume, final EpochRecord creation)
            throws IOException {
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
        if (claim(name, claim.version + 1, volume)) {
            return describe(name, volume);
        }
        store.delete(seal);
        store.delete(Keys.epoch(volume, 0));
        return null;
    }

    /**
     * Checks, without changing anything, whether a volume can be made.
     *
     * @throws VolumeException as {@link #create(String, VolumeSettings)}.
     */
    public void checkMayCreate(final String name, final VolumeSettings settings) throws VolumeException {
        checkCreation(name, settings);
    }

    private Claim checkCreation(final String name, final VolumeSettings settings) throws VolumeException {
        checkName(name);
        checkSize(settings.sizeBytes());
        checkBounds(settings);
        try {
            final Claim claim = newestClaim(name);
            if (claim.record != null && claim.record.claimed()) {
                throw new VolumeException(
                        VolumeException.Kind.EXISTS, "volume '" + name + "' exists already in " + url());
            }
            return claim;
        } catch (final IOException e) {
            throw failure("make volume '" + name + "'", e);
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
            throw failure("check the store", e);
        }
    }

    /**
     * Tries whether the store is still fit to hold a volume: {@link StoreProbe#checkAgain}, with the claim of its name.
     *
     * @throws VolumeException when there is no such volume, or the store can't be reached.
     */
    public StoreProbe.Finding checkStoreOf(final String name) throws VolumeException {
        find(name);
        try {
            return StoreProbe.checkAgain(
                    store, Keys.nameVersion(name, newestClaim(name).version), NameRecord.MAX_LENGTH);
        } catch (final IOException e) {
            throw failure("check the store", e);
        }
    }

    /** All volumes, in the order of their names; one that can't be read is {@linkplain VolumeInfo#trouble said} to be so. */
    public List<VolumeInfo> list() throws VolumeException {
        try {
            final TreeSet<String> names = new TreeSet<>();
            for (final StoredObject object : store.list(Keys.NAMES)) {
                names.add(
                        object.key().substring(Keys.NAMES.length(), object.key().lastIndexOf('/')));
            }
            final List<VolumeInfo> volumes = new ArrayList<>();
            for (final String name : names) {
                final VolumeInfo info = infoIfThere(name);
                if (info != null) {
                    volumes.add(info);
                }
            }
            return volumes;
        } catch (final IOException e) {
            throw failure("list volumes", e);
        }
    }

    /** What can be read of a volume; null when there is none of that name. */
    private VolumeInfo infoIfThere(final String name) throws StoreException {
        UUID volume = null;
        try {
            final Claim claim = newestClaim(name);
            if (claim.record == null || !claim.record.claimed()) {
                return null;
            }
            volume = claim.record.volume();
            return describe(name, volume);
        } catch (final IOException e) {
            // If others can be listed, it is this one that is damaged; if not, the store is away.
            store.list(Keys.name(name));
            return VolumeInfo.unreadable(name, volume, e.getMessage());
        }
    }

    /** One volume. */
    public VolumeInfo info(final String name) throws VolumeException {
        final UUID volume = find(name);
        try {
            return describe(name, volume).withParent(new Parentage(store).of(volume));
        } catch (final IOException e) {
            throw failure("read volume '" + name + "'", e);
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
            throw failure("count what volume '" + name + "' takes", e);
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
        try {
            final VolumeSettings epoch =
                    new HistoryReader(store, volume).newestEpoch().settings();
            final SettingsHistory history = new SettingsHistory(store, volume);
            checkBounds(change.apply(history.newest(epoch)));
            history.change(epoch, change, runtime.currentTimeMillis());
            return describe(name, volume);
        } catch (final IOException e) {
            throw failure("change the settings of volume '" + name + "'", e);
        }
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
        try {
            final VolumeSettings epoch =
                    new HistoryReader(store, volume).newestEpoch().settings();
            new SettingsHistory(store, volume).change(epoch, change, runtime.currentTimeMillis());
            return describe(name, volume);
        } catch (final IOException e) {
            throw failure("resize volume '" + name + "'", e);
        }
    }

    /**
     * The identity of a volume.
     *
     * @throws VolumeException when there is none of that name.
     */
    public UUID find(final String name) throws VolumeException {
        return claimOf(name).record.volume();
    }

    /** The identity of a volume, or null when there is none of that name. */
    public UUID findIfThere(final String name) throws VolumeException {
        checkName(name);
        try {
            final Claim claim = newestClaim(name);
            return claim.record != null && claim.record.claimed() ? claim.record.volume() : null;
        } catch (final IOException e) {
            throw failure("look up volume '" + name + "'", e);
        }
    }

    private Claim claimOf(final String name) throws VolumeException {
        checkName(name);
        try {
            final Claim claim = newestClaim(name);
            if (claim.record == null || !claim.record.claimed()) {
                throw new VolumeException(
                        VolumeException.Kind.NOT_FOUND,
                        "no volume '" + name + "' in " + url() + "; 'varve volume list' shows what there is");
            }
            return claim;
        } catch (final IOException e) {
            throw failure("look up volume '" + name + "'", e);
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
        checkName(name);
        try {
            final Claim claim = newestClaim(name);
            if (claim.record == null) {
                return false;
            }
            final UUID volume = claim.record.volume();
            final VolumeRemover remover = new VolumeRemover(store, runtime, volume);
            remover.requireNoClones();
            if (claim.record.claimed()) {
                store.putIfAbsent(Keys.nameVersion(name, claim.version + 1), new NameRecord(volume, false).encode());
            }
            if (!isPublished(name, volume)) {
                remover.deleteData(listener);
            }
            return claim.record.claimed();
        } catch (final IOException e) {
            throw failure("remove volume '" + name + "'", e);
        }
    }

    /**
     * Gives a volume that is complete now its name in place of the one with {@link #DRAFT_SUFFIX}. Cut short in between, it has
     * both.
     *
     * @throws VolumeException when the name has been taken meanwhile.
     */
    public VolumeInfo publish(final String name) throws VolumeException {
        final String draft = name + DRAFT_SUFFIX;
        final Claim from = claimOf(draft);
        try {
            final UUID volume = from.record.volume();
            final Claim to = newestClaim(name);
            if (to.record != null && to.record.claimed() || !claim(name, to.version + 1, volume)) {
                throw new VolumeException(
                        VolumeException.Kind.EXISTS,
                        "volume '" + name + "' was made by someone else meanwhile: this one is '" + draft
                                + "', and stays");
            }
            store.putIfAbsent(Keys.nameVersion(draft, from.version + 1), new NameRecord(volume, false).encode());
            return describe(name, volume);
        } catch (final IOException e) {
            throw failure("name volume '" + name + "'", e);
        }
    }

    /** Deletes what is left of a volume that had a name and was removed: once the name is taken again, nobody would find it. */
    private void finishRemoval(final String name, final Claim claim) throws IOException, VolumeException {
        if (claim.record != null && !isPublished(name, claim.record.volume())) {
            new VolumeRemover(store, runtime, claim.record.volume()).deleteData(RemovalListener.NONE);
        }
    }

    /** Whether a name is the draft's of a volume that has its own as well. */
    private boolean isPublished(final String name, final UUID volume) throws IOException {
        if (!name.endsWith(DRAFT_SUFFIX)) {
            return false;
        }
        final Claim claim = newestClaim(name.substring(0, name.length() - DRAFT_SUFFIX.length()));
        return claim.record != null
                && claim.record.claimed()
                && claim.record.volume().equals(volume);
    }

    private VolumeInfo describe(final String name, final UUID volume) throws IOException {
        final EpochRecord newest = new HistoryReader(store, volume).newestEpoch();
        long objects = 0;
        long bytes = 0;
        String last = null;
        for (final StoredObject object : store.list(Keys.logs(volume))) {
            objects++;
            bytes += object.length();
            last = object.key();
        }
        final boolean isClosed =
                last != null && last.startsWith(Keys.log(volume, newest.epoch())) && Sealer.isSeal(store, last);
        final boolean isNew = newest.epoch() == 0;
        final VolumeSettings next = new SettingsHistory(store, volume).newest(newest.settings());
        return new VolumeInfo(
                name,
                volume,
                isClosed ? next : newest.settings(),
                next,
                Instant.ofEpochMilli(newest.createdMs()),
                objects,
                bytes,
                isClosed ? "closed" : "open",
                isNew ? null : newest.openedBy(),
                isNew ? null : Instant.ofEpochMilli(newest.openedMs()),
                null,
                null);
    }

    /** Claims a name; whether it is this volume's now. An own claim whose answer came late counts as made. */
    private boolean claim(final String name, final long version, final UUID volume) throws IOException {
        final NameRecord record = new NameRecord(volume, true);
        final String key = Keys.nameVersion(name, version);
        return store.putIfAbsent(key, record.encode())
                || NameRecord.decode(key, store.getWhole(key, NameRecord.MAX_LENGTH))
                        .equals(record);
    }

    private Claim newestClaim(final String name) throws IOException {
        final List<StoredObject> versions = store.list(Keys.name(name));
        if (versions.isEmpty()) {
            return new Claim(0, null);
        }
        final String key = versions.getLast().key();
        return new Claim(Keys.lastNumber(key), NameRecord.decode(key, store.getWhole(key, NameRecord.MAX_LENGTH)));
    }

    private EpochRecord creation(final VolumeSettings settings, final Snapshot from) {
        final long nowMs = runtime.currentTimeMillis();
        return new EpochRecord(
                0,
                runtime.randomUuid(),
                from == null ? 0 : from.checkpoint() + 1,
                0,
                from == null ? ObjectHeader.NO_CHECKPOINT : from.checkpoint(),
                settings,
                nowMs,
                nowMs,
                "",
                from == null ? null : from.asOrigin());
    }

    private static void checkName(final String name) throws VolumeException {
        if (!NAME.matcher(name).matches()) {
            throw new VolumeException(
                    VolumeException.Kind.INVALID, "'" + name + "' is no name for a volume: use " + NAME_RULE);
        }
    }

    /**
     * Checks whether a volume can have a size.
     *
     * @throws VolumeException when it is not a multiple of 4096, or more than 64 TiB.
     */
    public void checkSize(final long sizeBytes) throws VolumeException {
        if (sizeBytes <= 0) {
            throw new VolumeException(VolumeException.Kind.INVALID, "the size of a volume must be more than 0");
        }
        if (sizeBytes > Blocks.MAX_VOLUME_SIZE) {
            throw new VolumeException(VolumeException.Kind.INVALID, "the size of a volume is at most 64T");
        }
        if (sizeBytes % Blocks.SIZE != 0) {
            throw new VolumeException(
                    VolumeException.Kind.INVALID, "the size of a volume must be a multiple of 4096 bytes (4K)");
        }
    }

    private static void checkBounds(final VolumeSettings settings) throws VolumeException {
        if (settings.maxUnsentBytes() != 0 && settings.maxUnsentBytes() < VolumeSettings.MIN_UNSENT_BYTES) {
            throw new VolumeException(
                    VolumeException.Kind.INVALID, "the bound on unsent bytes is 0 for none, or 64K and more");
        }
        checkTime(
                "the bound on the age of what is unsent", settings.maxUnsentAgeMs(), VolumeSettings.MIN_UNSENT_AGE_MS);
        checkTime("the fence timeout", settings.fenceTimeoutMs(), VolumeSettings.MIN_FENCE_TIMEOUT_MS);
    }

    private static void checkTime(final String what, final long ms, final long leastMs) throws VolumeException {
        if (ms != 0 && (ms < leastMs || ms > VolumeSettings.MAX_TIME_MS)) {
            throw new VolumeException(
                    VolumeException.Kind.INVALID, what + " is 0 for none, or " + leastMs + "ms to 7 days");
        }
    }

    /** The store's address, for messages. */
    public String url() {
        return store.store().url();
    }

    private VolumeException failure(final String what, final IOException e) {
        return new VolumeException("cannot " + what + " in " + url() + ": " + e.getMessage(), e);
    }

    /** The newest version of a name; {@code record} is null when the name was never used. */
    private record Claim(long version, NameRecord record) {}
}

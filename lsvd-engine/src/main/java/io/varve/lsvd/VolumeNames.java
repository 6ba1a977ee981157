package io.varve.lsvd;

import io.varve.lsvd.VolumeException.Kind;
import io.varve.lsvd.format.FormatException;
import io.varve.lsvd.format.NameRecord;
import io.varve.lsvd.history.MetadataHistory;
import io.varve.lsvd.store.Keys;
import io.varve.lsvd.store.StoreClient;
import io.varve.lsvd.store.StoreClient.Page;
import io.varve.lsvd.store.StoredObject;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * Who has which name: numbered claims and releases, of which the highest counts.
 *
 * <p><b>A name is changed</b> by a claim of the new one that names the old one's claim, and then by the old one's release in
 * favour of the new one. That release decides: until it is there, the volume has the old name and the new one is taken by
 * nobody else; once it is there, the volume has the new one. It is created under the number that a removal of the old name needs as well, so
 * one of the two happens. A change that was cut short is finished by asking for it again.
 */
final class VolumeNames {
    /** Most keys that are asked for at a time. */
    private static final int PAGE = 1000;

    private final CatalogContext context;
    private final StoreClient store;

    VolumeNames(final CatalogContext context) {
        this.context = context;
        store = context.store();
    }

    /** How a name stands. */
    enum State {
        /** Nobody has it. */
        FREE,
        /** A volume has it. */
        CLAIMED,
        /** A volume was about to get it, and still has its old one. */
        PENDING
    }

    /**
     * The newest version of a name.
     *
     * @param version its number; 0 when the name was never used.
     * @param record  null when the name was never used.
     */
    record Claim(String name, long version, NameRecord record, State state) {
        boolean isClaimed() {
            return state == State.CLAIMED;
        }

        UUID volume() {
            return record.volume();
        }
    }

    /** The newest version of a name. */
    Claim newest(final String name) throws IOException {
        final List<StoredObject> versions = store.list(Keys.name(name));
        if (versions.isEmpty()) {
            return new Claim(name, 0, null, State.FREE);
        }
        final String key = versions.getLast().key();
        final NameRecord record = read(key);
        return new Claim(name, Keys.lastNumber(key), record, stateOf(name, record));
    }

    private State stateOf(final String name, final NameRecord record) throws IOException {
        if (!record.claimed()) {
            return State.FREE;
        }
        if (!record.isRenaming()) {
            return State.CLAIMED;
        }
        final String release = Keys.nameVersion(record.other(), record.otherVersion() + 1);
        if (store.list(release).isEmpty()) {
            return State.PENDING;
        }
        return read(release).equals(NameRecord.release(record.volume(), name)) ? State.CLAIMED : State.FREE;
    }

    /**
     * Whether a name was given up by the removal of its volume: then no other name has it, and what may be left of it can go.
     */
    boolean mayBeRemoved(final Claim claim) throws IOException {
        return claim.record != null
                && !claim.record.claimed()
                && !claim.record.isRenaming()
                && !isPublished(claim.name, claim.volume());
    }

    /** Whether a name is the draft's of a volume that has its own as well, as names of format 1 were left when that was cut short. */
    private boolean isPublished(final String name, final UUID volume) throws IOException {
        return name.endsWith(VolumeCatalog.DRAFT_SUFFIX)
                && has(name.substring(0, name.length() - VolumeCatalog.DRAFT_SUFFIX.length()), volume);
    }

    private NameRecord read(final String key) throws IOException {
        return NameRecord.decode(key, store.getWhole(key, NameRecord.MAX_LENGTH));
    }

    /** Claims a name that is free; whether it is this volume's now. An own claim whose answer came late counts as made. */
    boolean claim(final Claim free, final UUID volume) throws IOException {
        return create(free, NameRecord.claim(volume));
    }

    /** Releases a name; whether that, and nothing else, has become of the claim. */
    boolean release(final Claim claim) throws IOException {
        return create(claim, NameRecord.release(claim.volume()));
    }

    /** Creates the version behind one; whether it is there, whoever has made it. */
    private boolean create(final Claim before, final NameRecord record) throws IOException {
        final String key = Keys.nameVersion(before.name, before.version + 1);
        return store.putIfAbsent(key, record.encode()) || read(key).equals(record);
    }

    /**
     * Finds the volume of a name.
     *
     * @throws VolumeException when there is none.
     */
    Claim claimOf(final String name) throws VolumeException {
        ObjectName.check("volume", name);
        try {
            final Claim claim = newest(name);
            if (!claim.isClaimed()) {
                throw missing(claim);
            }
            return claim;
        } catch (final IOException e) {
            throw context.failure("look up volume '" + name + "'", e);
        }
    }

    private VolumeException missing(final Claim claim) {
        final NameRecord record = claim.record;
        if (claim.state == State.PENDING) {
            return new VolumeException(
                    Kind.NOT_FOUND,
                    "volume '" + record.other() + "' was about to be renamed to '" + claim.name + "': rename it again");
        }
        return new VolumeException(
                Kind.NOT_FOUND,
                "no volume '" + claim.name + "' in " + context.url()
                        + (record != null && record.isRenaming() && !record.claimed()
                                ? ": it was renamed to '" + record.other() + "'"
                                : ""));
    }

    /** A volume and the name that it has. */
    record Named(String name, UUID volume) {}

    /**
     * Finds a volume by its name or, where none has that name, by its identity.
     *
     * @throws VolumeException when there is none of either.
     */
    Named resolve(final String nameOrUuid) throws VolumeException {
        final UUID uuid = uuidOf(nameOrUuid);
        if (uuid == null) {
            return new Named(nameOrUuid, claimOf(nameOrUuid).volume());
        }
        try {
            final Claim claim = newest(nameOrUuid);
            if (claim.isClaimed()) {
                return new Named(nameOrUuid, claim.volume());
            }
            final String name = nameOf(uuid);
            if (name == null) {
                throw missing(claim);
            }
            return new Named(name, uuid);
        } catch (final IOException e) {
            throw context.failure("look up volume '" + nameOrUuid + "'", e);
        }
    }

    private static UUID uuidOf(final String text) {
        try {
            final UUID uuid = UUID.fromString(text);
            return uuid.toString().equals(text) ? uuid : null;
        } catch (final IllegalArgumentException e) {
            return null;
        }
    }

    /** The name of a volume; null when it has none. One that is still being imported counts as having none. */
    String nameOf(final UUID volume) throws IOException {
        final String noted = new MetadataHistory(store, volume).newest().name();
        if (!noted.isEmpty() && has(noted, volume)) {
            return noted;
        }
        for (final String name : list("", Integer.MAX_VALUE)) {
            if (!name.endsWith(VolumeCatalog.DRAFT_SUFFIX) && has(name, volume)) {
                return name;
            }
        }
        return null;
    }

    private boolean has(final String name, final UUID volume) throws IOException {
        final Claim claim = newest(name);
        return claim.isClaimed() && claim.volume().equals(volume);
    }

    /**
     * Names that are claimed, in the order of their keys: that of the names where these are of lower-case letters, digits
     * and {@code - _ .}. One whose volume is being renamed may be among them, or both. Costs a listing, and a read for each name
     * whose newest version is of format 1.
     *
     * @param after the last name of the page before; empty for the first page.
     * @param limit most names to list.
     */
    List<String> list(final String after, final int limit) throws IOException {
        final List<String> names = new ArrayList<>();
        StoredObject last = null;
        Page page;
        String from = after.isEmpty() ? "" : Keys.nameVersion(after, Long.MAX_VALUE);
        do {
            page = store.list(Keys.NAMES, from, PAGE);
            for (final StoredObject version : page.objects()) {
                if (last != null && !Keys.nameOf(last.key()).equals(Keys.nameOf(version.key()))) {
                    addIfClaimed(last, names);
                    if (names.size() == limit) {
                        return names;
                    }
                }
                last = version;
            }
            from = page.next();
        } while (from != null);
        if (last != null) {
            addIfClaimed(last, names);
        }
        return names;
    }

    private void addIfClaimed(final StoredObject newest, final List<String> names) throws IOException {
        final Boolean isClaim = NameRecord.isClaim(newest.length());
        if (isClaim == null ? isClaimOrDamaged(newest.key()) : isClaim) {
            names.add(Keys.nameOf(newest.key()));
        }
    }

    private boolean isClaimOrDamaged(final String key) throws IOException {
        try {
            return read(key).claimed();
        } catch (final FormatException e) {
            return true;
        }
    }

    /**
     * Gives a volume another name. Asked for again, it finishes what was cut short.
     *
     * @param to a name that is free, or was about to be given to it.
     * @throws VolumeException when there is no such volume, or the name is taken.
     */
    void rename(final Claim from, final String to) throws VolumeException {
        ObjectName.check("volume", to);
        try {
            final Claim before = newest(to);
            final NameRecord wanted = NameRecord.claim(from.volume(), from.name, from.version);
            final boolean isBegun = before.state == State.PENDING && before.record.equals(wanted);
            if (!isBegun && (before.state != State.FREE || !create(before, wanted))) {
                throw new VolumeException(Kind.EXISTS, "volume '" + to + "' exists already in " + context.url());
            }
            if (!create(from, NameRecord.release(from.volume(), to))) {
                throw new VolumeException(
                        Kind.NOT_FOUND,
                        "volume '" + from.name + "' was removed, or renamed by someone else, at the same time");
            }
            new MetadataHistory(store, from.volume()).change(noted -> noted.withName(to));
        } catch (final IOException e) {
            throw context.failure("rename volume '" + from.name + "'", e);
        }
    }
}

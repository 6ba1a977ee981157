package io.varve.lsvd.history;

import io.varve.lsvd.crypto.DataKey;
import io.varve.lsvd.crypto.KeyException;
import io.varve.lsvd.crypto.KeyWrapper;
import io.varve.lsvd.crypto.VolumeKeys;
import io.varve.lsvd.format.FormatException;
import io.varve.lsvd.format.KeyRecord;
import io.varve.lsvd.store.Keys;
import io.varve.lsvd.store.StoreClient;
import io.varve.lsvd.store.StoreClient.Listing;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * The data keys of a volume as they are wrapped in the store. The keys themselves never change once data has been written with them; a change wraps
 * them anew and takes the next number, so that of two changes at the same time one is refused. For a thread that may wait.
 */
public final class KeyHistory {
    private final StoreClient store;
    private final UUID volume;
    private final Versions<KeyRecord> versions;

    /** The keys of a volume. */
    public KeyHistory(final StoreClient store, final UUID volume) {
        this.store = store;
        this.volume = volume;
        versions = new Versions<>(
                store,
                "the keys",
                Keys.dataKeys(volume),
                version -> Keys.dataKeys(volume, version),
                KeyRecord.MAX_LENGTH,
                (key, bytes) -> decode(volume, key, bytes),
                KeyRecord::encode);
    }

    private static KeyRecord decode(final UUID volume, final String key, final MemorySegment bytes)
            throws FormatException {
        final KeyRecord record = KeyRecord.decode(key, bytes);
        if (!record.volume().equals(volume)) {
            throw new FormatException(key + " is the key record of another volume, " + record.volume());
        }
        return record;
    }

    /** Begins to ask for the record that counts, without waiting. */
    public Listing ask() {
        return versions.ask();
    }

    /** The record that counts, as of a time since {@link #ask()}; null when there is none: the volume is not encrypted. */
    public KeyRecord newest(final Listing asked) throws IOException {
        return versions.newest(asked);
    }

    /** The record that counts; null when there is none: the volume is not encrypted. */
    public KeyRecord newest() throws IOException {
        return newest(ask());
    }

    /**
     * Draws a key for a volume that is being made, and keeps it.
     *
     * @param ancestors keys of the volumes that it is a clone of, by volume; none for a volume of its own. They stay the caller's.
     * @param nowMs     the time, in milliseconds since 1970.
     * @throws KeyException when the volume has keys already, or its own can't be wrapped.
     */
    public VolumeKeys create(final KeyWrapper wrapper, final Map<UUID, DataKey> ancestors, final long nowMs)
            throws IOException {
        final Map<UUID, DataKey> keys = new LinkedHashMap<>();
        keys.put(volume, DataKey.random());
        try {
            ancestors.forEach((ancestor, key) -> keys.putIfAbsent(ancestor, key.copy()));
            put(1, wrap(wrapper, keys, nowMs));
        } catch (final IOException | RuntimeException e) {
            keys.values().forEach(DataKey::close);
            throw e;
        }
        return new VolumeKeys(volume, keys);
    }

    /**
     * Reads and unwraps the keys that count.
     *
     * @throws KeyException when there are none, they were wrapped by another key-encryption key, or that can't be had. Whoever has a key
     *                      for a volume does not go on without: else a store that has lost the record would have data written in plain.
     */
    public VolumeKeys open(final KeyWrapper wrapper) throws IOException {
        final KeyRecord record = newest();
        if (record == null) {
            throw new KeyException(
                    "the volume has no key in the store: either it is not encrypted, and no key may be given,"
                            + " or its keys have been removed");
        }
        // Whoever wrote it may have died before it was durable, and data is going to rest on it.
        store.confirm(Keys.dataKeys(volume));
        return unwrap(wrapper, record);
    }

    /**
     * Unwraps the keys of a record.
     *
     * @throws KeyException when they were wrapped by another key-encryption key, or that can't be had.
     */
    public VolumeKeys unwrap(final KeyWrapper wrapper, final KeyRecord record) throws KeyException {
        final Map<UUID, DataKey> keys = new LinkedHashMap<>();
        try {
            for (final KeyRecord.WrappedKey key : record.keys()) {
                keys.put(key.keyOf(), wrapper.unwrap(key.wrapped(), volume, key.keyOf()));
            }
        } catch (final KeyException e) {
            keys.values().forEach(DataKey::close);
            throw new KeyException(e.getMessage() + "; it is wrapped by " + record.kind() + ":" + record.keyName());
        }
        return new VolumeKeys(volume, keys);
    }

    /**
     * Wraps the keys by another key-encryption key. No data is written anew; earlier records stay, so that a key-encryption key that is to be
     * worthless has to be destroyed where it is kept.
     *
     * @param from  what they are wrapped by.
     * @param to    what they are to be wrapped by; may be the same key.
     * @param nowMs the time, in milliseconds since 1970.
     * @throws KeyException when the volume has no keys, {@code from} is not what wraps them, or somebody else has changed them meanwhile.
     */
    public KeyRecord rotate(final KeyWrapper from, final KeyWrapper to, final long nowMs) throws IOException {
        return change(from, to, Map.of(), nowMs);
    }

    /**
     * Adds keys of ancestors; those that are there already stay as they are.
     *
     * @throws KeyException as {@link #rotate} does.
     */
    public KeyRecord extend(final KeyWrapper wrapper, final Map<UUID, DataKey> ancestors, final long nowMs)
            throws IOException {
        return change(wrapper, wrapper, ancestors, nowMs);
    }

    private KeyRecord change(
            final KeyWrapper from, final KeyWrapper to, final Map<UUID, DataKey> more, final long nowMs)
            throws IOException {
        final Versions.Numbered<KeyRecord> last = versions.newestNumbered();
        if (last == null) {
            throw new KeyException("the volume is not encrypted: it has no key");
        }
        try (VolumeKeys keys = unwrap(from, last.value())) {
            final Map<UUID, DataKey> all = new LinkedHashMap<>(keys.all());
            more.forEach(all::putIfAbsent);
            final KeyRecord next = wrap(to, all, nowMs);
            put(last.number() + 1, next);
            return next;
        }
    }

    private KeyRecord wrap(final KeyWrapper wrapper, final Map<UUID, DataKey> keys, final long nowMs)
            throws KeyException {
        if (keys.size() > KeyRecord.MAX_KEYS) {
            throw new KeyException("the volume has more than " + (KeyRecord.MAX_KEYS - 1)
                    + " encrypted ancestors: flatten it, or the volume that it is a clone of");
        }
        final List<KeyRecord.WrappedKey> wrapped = new ArrayList<>();
        for (final Map.Entry<UUID, DataKey> key : keys.entrySet()) {
            wrapped.add(new KeyRecord.WrappedKey(key.getKey(), wrapper.wrap(key.getValue(), volume, key.getKey())));
        }
        return new KeyRecord(volume, wrapper.kind(), wrapper.publicName(), nowMs, wrapped);
    }

    /** A number is taken by this very record where an answer was lost. */
    private void put(final long number, final KeyRecord record) throws IOException {
        final String key = Keys.dataKeys(volume, number);
        if (store.putIfAbsent(key, record.encode())) {
            return;
        }
        if (!decode(volume, key, store.getWhole(key, KeyRecord.MAX_LENGTH)).equals(record)) {
            throw new KeyException("the keys of the volume were changed by somebody else at the same time:"
                    + " see what they are wrapped by now, and try again");
        }
        store.confirm(Keys.dataKeys(volume));
    }
}

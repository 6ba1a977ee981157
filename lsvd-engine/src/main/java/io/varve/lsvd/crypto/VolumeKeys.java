package io.varve.lsvd.crypto;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;

/** The data keys of a volume: its own, and those of its ancestors whose objects it reads. Any thread. */
public final class VolumeKeys implements AutoCloseable {
    /** Of a volume that is not encrypted. */
    public static final VolumeKeys NONE = new VolumeKeys();

    private final UUID volume;
    private final Map<UUID, DataKey> keys;

    /** Takes keys over, the volume's own among them; they are closed with this. */
    public VolumeKeys(final UUID volume, final Map<UUID, DataKey> keys) {
        if (!keys.containsKey(volume)) {
            throw new IllegalArgumentException("the volume's own key is missing");
        }
        this.volume = volume;
        this.keys = Collections.unmodifiableMap(new LinkedHashMap<>(keys));
    }

    private VolumeKeys() {
        volume = null;
        keys = Map.of();
    }

    /** The volume's own key, or null of a volume that is not encrypted. */
    public DataKey own() {
        return volume == null ? null : keys.get(volume);
    }

    /** Whether the objects of a volume have to be encrypted: it has a key. */
    public boolean has(final UUID owner) {
        return keys.containsKey(owner);
    }

    /**
     * The key of the objects of a volume.
     *
     * @param owner the volume, or an ancestor of it.
     * @throws KeyException when there is none.
     */
    public DataKey of(final UUID owner) throws KeyException {
        final DataKey key = keys.get(owner);
        if (key == null) {
            throw new KeyException("the volume has no key for the objects of its ancestor " + owner
                    + ": its key record is not the one that belongs to it");
        }
        return key;
    }

    /** All of them, by volume, its own first. */
    public Map<UUID, DataKey> all() {
        return keys;
    }

    /** Wipes all of them. Idempotent. */
    @Override
    public void close() {
        keys.values().forEach(DataKey::close);
    }
}

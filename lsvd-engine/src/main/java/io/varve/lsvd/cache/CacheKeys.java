package io.varve.lsvd.cache;

import io.varve.lsvd.crypto.SectorKey;
import io.varve.lsvd.crypto.VolumeKeys;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;

/**
 * The keys of what one cache holds of a volume and its ancestors. Lines of an ancestor have the ancestor's key, so that its clones share them. Any
 * thread; open as long as a {@link VolumeCache} is made of it.
 */
public final class CacheKeys implements AutoCloseable {
    /** Of a volume that is not encrypted. */
    public static final CacheKeys NONE = new CacheKeys(Map.of());

    private final Map<UUID, SectorKey> keys;

    private CacheKeys(final Map<UUID, SectorKey> keys) {
        this.keys = keys;
    }

    /** Derives the keys of what a cache holds. */
    public static CacheKeys of(final VolumeKeys volumeKeys, final ReadCache cache) {
        final Map<UUID, SectorKey> keys = new HashMap<>();
        volumeKeys.all().forEach((owner, key) -> keys.put(owner, key.cacheKey(owner, cache.salt())));
        return new CacheKeys(keys);
    }

    /** The key of the lines of a volume's objects; null when they are not encrypted. */
    SectorKey of(final UUID owner) {
        return keys.get(owner);
    }

    /** Wipes the keys. Idempotent. */
    @Override
    public void close() {
        keys.values().forEach(SectorKey::close);
    }
}

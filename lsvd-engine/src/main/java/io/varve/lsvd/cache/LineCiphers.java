package io.varve.lsvd.cache;

import io.varve.lsvd.crypto.SectorCipher;
import io.varve.lsvd.crypto.SectorKey;
import io.varve.lsvd.format.Blocks;
import java.util.IdentityHashMap;
import java.util.Map;

/** One thread's ciphers for lines: one for each volume that has a key. A block's sector number is its location. Allocates nothing later. */
final class LineCiphers {
    private final ObjectTags tags;
    private final SectorCipher[] ciphers;

    LineCiphers(final ObjectTags tags) {
        this.tags = tags;
        ciphers = new SectorCipher[tags.count()];
        final Map<SectorKey, SectorCipher> made = new IdentityHashMap<>();
        for (int i = 0; i < ciphers.length; i++) {
            if (tags.key(i) != null) {
                ciphers[i] = made.computeIfAbsent(tags.key(i), SectorKey::cipher);
            }
        }
    }

    /** Decrypts blocks of one object in their place, if they are encrypted. */
    void decrypt(final long location, final int blocks, final long address) {
        final SectorCipher cipher = ciphers[tags.indexOf(CacheLine.sequence(CacheLine.of(location)))];
        if (cipher != null) {
            cipher.decrypt(location, address, address, blocks * Blocks.SIZE);
        }
    }

    /** Encrypts a line on its way into the cache, if it is to be. */
    void encrypt(final int tag, final Fill fill) {
        if (ciphers[tag] != null) {
            fill.encrypt(ciphers[tag]);
        }
    }
}

package io.varve.keys;

import io.varve.lsvd.crypto.DataKey;
import io.varve.lsvd.crypto.KeyEncryptionKey;
import io.varve.lsvd.crypto.KeyException;
import java.util.UUID;

/** Wraps by a key that this process has. */
final class KnownKey implements KeySource.Wrapper {
    private final KeyEncryptionKey key;

    /** Takes the key's bytes, which are wiped. */
    KnownKey(final String kind, final String publicName, final byte[] bytes) {
        key = new KeyEncryptionKey(kind, publicName, bytes);
    }

    @Override
    public String kind() {
        return key.kind();
    }

    @Override
    public String publicName() {
        return key.publicName();
    }

    @Override
    public byte[] wrap(final DataKey dataKey, final UUID volume, final UUID keyOf) {
        return key.wrap(dataKey, volume, keyOf);
    }

    @Override
    public DataKey unwrap(final byte[] wrapped, final UUID volume, final UUID keyOf) throws KeyException {
        return key.unwrap(wrapped, volume, keyOf);
    }

    @Override
    public void close() {
        key.close();
    }
}

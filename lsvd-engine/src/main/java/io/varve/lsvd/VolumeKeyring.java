package io.varve.lsvd;

import io.varve.lsvd.crypto.KeyException;
import io.varve.lsvd.crypto.KeyWrapper;
import io.varve.lsvd.crypto.VolumeKeys;
import io.varve.lsvd.format.KeyRecord;
import io.varve.lsvd.history.KeyHistory;
import io.varve.lsvd.store.StoreClient;
import java.io.IOException;
import java.util.UUID;

/** Gets the keys of volumes out of a store, for whoever has what they are wrapped by. For threads that may wait. */
public final class VolumeKeyring {
    private final StoreClient store;

    /** Makes one; what keys are wrapped by comes with the store. */
    public VolumeKeyring(final StoreClient store) {
        this.store = store;
    }

    /**
     * The keys of a volume, which the caller closes; {@link VolumeKeys#NONE} when it is not encrypted.
     *
     * @throws VolumeException when it is encrypted, and the key is missing or wrong; and when a key is given, and it is not encrypted.
     */
    public VolumeKeys open(final UUID volume, final String name) throws IOException, VolumeException {
        final KeyHistory history = new KeyHistory(store, volume);
        final KeyWrapper wrapper = store.store().keyWrapper();
        final KeyRecord record = history.newest();
        if (wrapper != null) {
            try {
                return history.open(wrapper);
            } catch (final KeyException e) {
                throw new VolumeException(VolumeException.Kind.INVALID, "volume '" + name + "': " + e.getMessage(), e);
            }
        }
        if (record != null) {
            throw new VolumeException(
                    VolumeException.Kind.INVALID,
                    "volume '" + name + "' is encrypted: give its key, which is wrapped by " + record.kind() + ":"
                            + record.keyName());
        }
        return VolumeKeys.NONE;
    }
}

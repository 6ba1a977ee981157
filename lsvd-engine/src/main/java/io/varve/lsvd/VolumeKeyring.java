package io.varve.lsvd;

import io.varve.lsvd.crypto.KeyWrapper;
import io.varve.lsvd.crypto.VolumeKeys;
import io.varve.lsvd.format.KeyRecord;
import io.varve.lsvd.history.KeyHistory;
import io.varve.lsvd.store.StoreClient;
import java.io.IOException;
import java.util.UUID;

/** Gets the keys of volumes out of a store, for whoever has what they are wrapped by. For threads that may wait. */
final class VolumeKeyring {
    private final StoreClient store;
    private final KeyWrapper wrapper;

    /** Makes one; {@code wrapper} is null when no key is given. */
    VolumeKeyring(final StoreClient store, final KeyWrapper wrapper) {
        this.store = store;
        this.wrapper = wrapper;
    }

    /** What data keys are wrapped by, or null when no key is given. */
    KeyWrapper wrapper() {
        return wrapper;
    }

    /**
     * The keys of a volume, which the caller closes; {@link VolumeKeys#NONE} when it is not encrypted.
     *
     * @throws VolumeException when it is encrypted, and the key is missing or wrong; and when a key is given, and it is not encrypted.
     */
    VolumeKeys open(final UUID volume, final String name) throws IOException, VolumeException {
        final KeyHistory history = new KeyHistory(store, volume);
        final KeyRecord record = history.newest();
        if (wrapper != null) {
            return history.open(wrapper);
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

package io.varve.lsvd;

import io.varve.lsvd.crypto.VolumeKeys;
import io.varve.lsvd.runtime.EngineRuntime;
import io.varve.lsvd.store.StoreClient;
import java.io.IOException;
import java.util.UUID;

/**
 * What the parts of a {@link VolumeCatalog} have in common.
 *
 * @param store   where the volumes are.
 * @param runtime their world.
 */
record CatalogContext(StoreClient store, EngineRuntime runtime) {
    /** The keys of a volume: see {@link VolumeKeyring#open}. */
    VolumeKeys keys(final UUID volume, final String name) throws IOException, VolumeException {
        return new VolumeKeyring(store).open(volume, name);
    }

    /** The store's address, for messages. */
    String url() {
        return store.store().url();
    }

    /** Why something could not be done with the store. */
    VolumeException failure(final String what, final IOException e) {
        return new VolumeException("cannot " + what + " in " + url() + ": " + e.getMessage(), e);
    }
}

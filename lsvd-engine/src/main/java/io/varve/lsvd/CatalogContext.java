package io.varve.lsvd;

import io.varve.lsvd.runtime.EngineRuntime;
import io.varve.lsvd.store.StoreClient;
import java.io.IOException;

/**
 * What the parts of a {@link VolumeCatalog} have in common.
 *
 * @param store   where the volumes are.
 * @param runtime their world.
 */
record CatalogContext(StoreClient store, EngineRuntime runtime) {
    /** The store's address, for messages. */
    String url() {
        return store.store().url();
    }

    /** Why something could not be done with the store. */
    VolumeException failure(final String what, final IOException e) {
        return new VolumeException("cannot " + what + " in " + url() + ": " + e.getMessage(), e);
    }
}

package io.varve.launcher.daemon;

import io.varve.lsvd.store.ObjectStore;

/** Opens a store for one volume alone, so that no volume waits for another's. */
@FunctionalInterface
public interface StoreOpener {
    /**
     * Opens it; may wait for a file system.
     *
     * @throws io.varve.launcher.UserException when the store is not there or can't be used.
     */
    ObjectStore open();
}

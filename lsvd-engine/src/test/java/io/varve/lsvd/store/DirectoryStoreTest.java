package io.varve.lsvd.store;

import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

/** The contract, kept by a directory. */
final class DirectoryStoreTest extends ObjectStoreContract {
    @TempDir
    private Path directory;

    @Override
    protected ObjectStore open(final String place) throws StoreException {
        return DirectoryStore.open(directory.resolve(place), true);
    }
}

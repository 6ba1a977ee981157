package io.varve.launcher.store;

import io.varve.control.ErrorKind;
import io.varve.keys.KeySource;
import io.varve.launcher.UserException;
import io.varve.launcher.config.Setting;
import io.varve.launcher.config.Settings;
import io.varve.launcher.config.StoreUrl;
import io.varve.lsvd.crypto.KeyException;
import io.varve.lsvd.store.DirectoryStore;
import io.varve.lsvd.store.KeyedStore;
import io.varve.lsvd.store.ObjectStore;
import io.varve.lsvd.store.StoreException;
import io.varve.s3.S3ObjectStore;
import io.varve.s3.S3StoreContext;
import java.nio.file.Files;
import java.nio.file.Path;

/** Opens stores. For any thread that may wait for a file system. */
public final class Stores {
    private Stores() {}

    /**
     * Opens the store that settings name. The default store need not exist: until the first volume is created, it is an empty
     * one.
     *
     * @throws UserException when the store is not there or can't be used. A server is not asked yet.
     */
    public static ObjectStore open(final Settings settings) {
        return open(settings, false);
    }

    /**
     * As {@link #open(Settings)}.
     *
     * @param create whether a missing directory is made, once something is to be kept in it.
     */
    public static ObjectStore open(final Settings settings, final boolean create) {
        final ObjectStore store = openPlain(settings, create);
        final String key = settings.get(Setting.KEY);
        if (key.isEmpty()) {
            return store;
        }
        try {
            return new StoreWithKey(store, KeySource.parse(key).open());
        } catch (final KeyException e) {
            store.close();
            throw new UserException(e.getMessage(), e);
        }
    }

    /** A store and the key of its volumes, which is wiped when the store is closed. */
    private static final class StoreWithKey extends KeyedStore {
        private final KeySource.Wrapper key;

        StoreWithKey(final ObjectStore store, final KeySource.Wrapper key) {
            super(store, key);
            this.key = key;
        }

        @Override
        public void close() {
            super.close();
            key.close();
        }
    }

    private static ObjectStore openPlain(final Settings settings, final boolean create) {
        try {
            return switch (settings.get(Setting.STORE)) {
                case StoreUrl.S3 store ->
                    S3ObjectStore.open(
                            store.location(),
                            new S3StoreContext()
                                    .endpoint(settings.get(Setting.S3_ENDPOINT))
                                    .region(settings.get(Setting.S3_REGION))
                                    .pathStyle(settings.get(Setting.S3_PATH_STYLE)));
                case StoreUrl.Directory store ->
                    openDirectory(store, create || settings.isDefault(Setting.STORE, null));
            };
        } catch (final StoreException e) {
            throw new UserException(ErrorKind.UNAVAILABLE, e.getMessage(), e);
        }
    }

    private static ObjectStore openDirectory(final StoreUrl.Directory store, final boolean mayBeMissing)
            throws StoreException {
        final Path directory = store.path();
        return mayBeMissing && Files.notExists(directory)
                ? new DeferredStore(directory, store.toString())
                : DirectoryStore.open(directory, false);
    }
}

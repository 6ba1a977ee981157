package io.varve.launcher.cli;

import io.varve.launcher.UserException;
import io.varve.launcher.config.Setting;
import io.varve.launcher.config.Settings;
import io.varve.launcher.config.StoreUrl;
import io.varve.lsvd.store.DirectoryStore;
import io.varve.lsvd.store.ObjectStore;
import io.varve.lsvd.store.StoreException;
import java.nio.file.Files;
import picocli.CommandLine.Option;

/** The {@code --store} option and what it opens. */
final class StoreOption {
    @Option(
            names = "--store",
            paramLabel = "URL",
            description = "Where the volumes' objects are, as file:///DIR (default: the directory varve/store in"
                    + " $$XDG_DATA_HOME or ~/.local/share).")
    private String url;

    /**
     * Opens the store. The default store need not exist: until the first volume is created, it is an empty one.
     *
     * @param create whether a missing directory is made, once something is to be kept in it.
     * @throws UserException when the store is not there or can't be used.
     */
    ObjectStore open(final Settings settings, final boolean create) {
        final StoreUrl store = settings.get(Setting.STORE, url);
        final boolean mayBeMissing = create || settings.isDefault(Setting.STORE, url);
        if (mayBeMissing && Files.notExists(store.directory())) {
            return new DeferredStore(store.directory(), store.toString());
        }
        try {
            return DirectoryStore.open(store.directory(), false);
        } catch (final StoreException e) {
            throw new UserException(e.getMessage(), e);
        }
    }
}

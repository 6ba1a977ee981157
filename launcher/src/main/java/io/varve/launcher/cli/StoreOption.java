package io.varve.launcher.cli;

import io.varve.control.ErrorKind;
import io.varve.launcher.UserException;
import io.varve.launcher.config.Setting;
import io.varve.launcher.config.Settings;
import io.varve.launcher.config.StoreUrl;
import io.varve.lsvd.store.DirectoryStore;
import io.varve.lsvd.store.ObjectStore;
import io.varve.lsvd.store.StoreException;
import io.varve.s3.S3Location;
import io.varve.s3.S3ObjectStore;
import io.varve.s3.S3StoreContext;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The {@code --store} option, those that go with it, and what they open. */
final class StoreOption {
    @Option(
            names = "--store",
            paramLabel = "URL",
            description = "Where the volumes' objects are, as file:///DIR or s3://BUCKET/PREFIX (default: the directory"
                    + " varve/store in $$XDG_DATA_HOME or ~/.local/share).")
    private String url;

    @Mixin
    private S3Options s3;

    /** The options of S3 servers. */
    static final class S3Options {
        @Option(
                names = "--s3-endpoint",
                paramLabel = "URL",
                description = "Address of the S3 server, such as http://HOST:PORT (default: as the AWS environment and"
                        + " profile say, else AWS).")
        private String endpoint;

        @Option(
                names = "--s3-region",
                paramLabel = "NAME",
                description = "Region of the bucket (default: as the AWS environment and profile say).")
        private String region;

        @Option(
                names = "--s3-path-style",
                description = "Name the bucket in the path, as many servers other than AWS want it. Always so where the"
                        + " endpoint is an IP address or localhost.")
        private Boolean pathStyle;

        void collect(final Map<String, String> given) {
            ServingOptions.put(given, Setting.S3_ENDPOINT, endpoint);
            ServingOptions.put(given, Setting.S3_REGION, region);
            ServingOptions.put(given, Setting.S3_PATH_STYLE, pathStyle == null ? null : pathStyle.toString());
        }

        /** Of a store that is a directory: what is said of a server would be in vain. */
        void requireNone(final StoreUrl store) {
            final Map<String, String> given = new LinkedHashMap<>();
            collect(given);
            store.requireUseful(given.keySet());
        }

        /** Opens the store; the server is not asked yet. */
        ObjectStore open(final S3Location location, final Settings settings) throws StoreException {
            final S3StoreContext context = new S3StoreContext()
                    .endpoint(settings.get(Setting.S3_ENDPOINT, endpoint))
                    .region(settings.get(Setting.S3_REGION, region))
                    .pathStyle(settings.get(Setting.S3_PATH_STYLE, pathStyle == null ? null : pathStyle.toString()));
            return S3ObjectStore.open(location, context);
        }
    }

    /** A store that is named by an argument instead of an option. */
    static final class Argument {
        @Parameters(
                paramLabel = "URL",
                arity = "0..1",
                description = "The store, as file:///DIR or s3://BUCKET/PREFIX (default: as the settings say).")
        private String url;

        @Mixin
        private S3Options s3;

        /**
         * Opens the store, which must exist.
         *
         * @throws UserException when the store is not there or can't be used.
         */
        ObjectStore open(final Settings settings) {
            return StoreOption.open(
                    url == null ? settings.get(Setting.STORE) : StoreUrl.parse(url), s3, settings, false);
        }
    }

    /** Adds what was given on the command line, as texts by the keys of their settings. */
    void collect(final Map<String, String> given) {
        ServingOptions.put(given, Setting.STORE, url);
        s3.collect(given);
    }

    /** Opens the store that settings name, which must exist unless it is the default. */
    static ObjectStore openAsSet(final Settings settings) {
        final boolean mayBeMissing = settings.isDefault(Setting.STORE, null);
        return open(settings.get(Setting.STORE), new S3Options(), settings, mayBeMissing);
    }

    /**
     * Opens the store. The default store need not exist: until the first volume is created, it is an empty one.
     *
     * @param create whether a missing directory is made, once something is to be kept in it.
     * @throws UserException when the store is not there or can't be used.
     */
    ObjectStore open(final Settings settings, final boolean create) {
        final boolean mayBeMissing = create || settings.isDefault(Setting.STORE, url);
        return open(settings.get(Setting.STORE, url), s3, settings, mayBeMissing);
    }

    private static ObjectStore open(
            final StoreUrl url, final S3Options s3, final Settings settings, final boolean mayBeMissing) {
        try {
            return switch (url) {
                case StoreUrl.S3 store -> s3.open(store.location(), settings);
                case StoreUrl.Directory store -> {
                    s3.requireNone(store);
                    yield openDirectory(store, mayBeMissing);
                }
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

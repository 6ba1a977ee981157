package io.varve.launcher.cli;

import io.varve.launcher.UserException;
import io.varve.launcher.config.Setting;
import io.varve.launcher.config.Settings;
import io.varve.launcher.config.StoreUrl;
import io.varve.launcher.store.Stores;
import io.varve.lsvd.store.ObjectStore;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The {@code --store} option, and those that go with it. */
final class StoreOption {
    @Option(
            names = "--store",
            paramLabel = "URL",
            description = "Where the volumes' objects are, as file:///DIR or s3://BUCKET/PREFIX (default: the directory"
                    + " varve/store in $$XDG_DATA_HOME or ~/.local/share).")
    private String url;

    @Option(
            names = "--key",
            paramLabel = "SOURCE",
            description =
                    "What the key of an encrypted volume is wrapped by: file:PATH, credential:NAME, exec:COMMAND or"
                            + " aws-kms:ARN (default: none, the volume is not encrypted).")
    private String key;

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
            final Map<String, String> given = new LinkedHashMap<>();
            if (url != null) {
                given.put(Setting.STORE.key(), StoreUrl.parse(url).toString());
            }
            s3.collect(given);
            return StoreOption.open(settings, given, false);
        }
    }

    /** Adds what was given on the command line, as texts by the keys of their settings. */
    void collect(final Map<String, String> given) {
        ServingOptions.put(given, Setting.STORE, url);
        ServingOptions.put(given, Setting.KEY, key);
        s3.collect(given);
    }

    /**
     * Opens the store: see {@link Stores#open(Settings, boolean)}.
     *
     * @throws UserException when the store is not there or can't be used.
     */
    ObjectStore open(final Settings settings, final boolean create) {
        final Map<String, String> given = new LinkedHashMap<>();
        collect(given);
        return open(settings, given, create);
    }

    /** Of a store that is a directory: what is said of a server would be in vain. */
    private static ObjectStore open(final Settings settings, final Map<String, String> given, final boolean create) {
        final Settings own = settings.with(given, Setting.OF_STORE);
        own.get(Setting.STORE).requireUseful(given.keySet());
        return Stores.open(own, create);
    }
}

package io.varve.launcher.cli;

import io.varve.launcher.config.Setting;
import io.varve.launcher.config.Settings;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Option;

/** The {@code --read-cache-size} option of whatever serves volumes. */
final class ReadCacheOption {
    @Option(
            names = "--read-cache-size",
            paramLabel = "SIZE",
            description =
                    "How much of the cache directory's disk is used for what was read from the store, of all volumes"
                            + " together; 0 for none (default: 4G).")
    private String size;

    /** Settings over which the command line wins. */
    Settings over(final Settings settings) {
        final Map<String, String> given = new LinkedHashMap<>();
        ServingOptions.put(given, Setting.READ_CACHE_SIZE, size);
        return settings.with(given, Setting.OF_PROCESS);
    }
}

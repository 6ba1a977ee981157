package io.varve.launcher.cli;

import io.varve.launcher.config.Setting;
import io.varve.launcher.config.Settings;
import io.varve.launcher.config.UserPath;
import java.nio.file.Path;
import java.util.Map;
import picocli.CommandLine.Option;

/** The {@code --cache} option. */
final class CacheOption {
    @Option(
            names = "--cache",
            paramLabel = "DIR",
            description =
                    "Directory of the local logs, on a fast disk (default: varve in $$XDG_CACHE_HOME or ~/.cache).")
    private String directory;

    /** Adds what was given on the command line, as a text by the key of its setting. */
    void collect(final Map<String, String> given) {
        ServingOptions.put(
                given,
                Setting.CACHE,
                directory == null
                        ? null
                        : UserPath.of(directory).toAbsolutePath().toString());
    }

    Path directory(final Settings settings) {
        return settings.get(Setting.CACHE, directory);
    }
}

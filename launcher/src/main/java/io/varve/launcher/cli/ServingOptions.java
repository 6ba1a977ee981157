package io.varve.launcher.cli;

import io.varve.launcher.UserException;
import io.varve.launcher.config.Setting;
import io.varve.launcher.config.Settings;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The options that say how a volume is served, wherever that is done. */
final class ServingOptions {
    @Mixin
    private StoreOption store;

    @Mixin
    private CacheOption cache;

    @Option(
            names = "--cache-size",
            paramLabel = "SIZE",
            description = "Size of the local log where there is none yet: the most that can be acknowledged and not yet"
                    + " be in the store (default: 4G).")
    private String cacheSize;

    @Option(
            names = "--gc-space",
            paramLabel = "FACTOR",
            description = "Keep what the volume takes of the store below so many times its size, by collecting garbage"
                    + " (default: 1.3).")
    private String gcSpace;

    @Option(
            names = "--gc-garbage",
            paramLabel = "PART",
            description = "Collect it as well once so much of what is stored is garbage, but for the first 256 MiB"
                    + " (default: 0.5).")
    private String gcGarbage;

    @Option(
            names = "--gc-rate",
            paramLabel = "SIZE",
            description = "Let collection read and write at most so much in a second (default: 0, no limit).")
    private String gcRate;

    @Option(
            names = "--shutdown-timeout",
            paramLabel = "TIME",
            description = "How long the end waits for the store (default: 20s).")
    private String shutdownTimeout;

    @Option(
            names = "--read-lanes",
            paramLabel = "NUMBER",
            description = "How many more threads may serve reads of a guest whose disk has several queues, 0 to 8"
                    + " (default: 0).")
    private String readLanes;

    @Option(
            names = "--socket-mode",
            paramLabel = "MODE",
            description = "Permissions of the socket that QEMU connects to (default: 600, for the same user only).")
    private String socketMode;

    @Option(
            names = "--socket-group",
            paramLabel = "GROUP",
            description = "Group of the socket that QEMU connects to; useful with --socket-mode 660.")
    private String socketGroup;

    /** What was given on the command line: texts, by the keys of their settings. */
    Map<String, String> given() {
        final Map<String, String> given = new LinkedHashMap<>();
        store.collect(given);
        cache.collect(given);
        put(given, Setting.CACHE_SIZE, cacheSize);
        put(given, Setting.GC_SPACE, gcSpace);
        put(given, Setting.GC_GARBAGE, gcGarbage);
        put(given, Setting.GC_RATE, gcRate);
        put(given, Setting.SHUTDOWN_TIMEOUT, shutdownTimeout);
        put(given, Setting.READ_LANES, readLanes);
        put(given, Setting.SOCKET_MODE, socketMode);
        put(given, Setting.SOCKET_GROUP, socketGroup);
        return given;
    }

    /**
     * Checks that nothing is said of who may connect.
     *
     * @throws UserException when it is, since a socket that is inherited is as it is.
     */
    void requireNoAccess() {
        requireNoAccess(Setting.firstOption(Setting.OF_SOCKET_ACCESS, given().keySet()));
    }

    /** The same of an option, null when it was not given. */
    static void requireNoAccess(final String option) {
        if (option != null) {
            throw new UserException(option + ": the socket is inherited, and who made it has set that: leave it out");
        }
    }

    /** Settings over which the command line wins. */
    Settings over(final Settings settings) {
        return settings.with(given(), Setting.OF_VOLUME);
    }

    static void put(final Map<String, String> given, final Setting<?> setting, final String text) {
        if (text != null) {
            given.put(setting.key(), text);
        }
    }
}

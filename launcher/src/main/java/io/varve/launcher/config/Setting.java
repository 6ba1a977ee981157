package io.varve.launcher.config;

import io.varve.keys.KeySource;
import io.varve.launcher.UserException;
import io.varve.lsvd.VolumeContext;
import io.varve.lsvd.crypto.KeyException;
import io.varve.lsvd.gc.GcPolicy;
import io.varve.lsvd.store.StoreException;
import io.varve.s3.S3StoreContext;
import io.varve.vhostuser.SessionOptions;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Function;

/**
 * One setting: its names, its meaning and its default.
 *
 * @param <T> what its text means.
 */
public final class Setting<T> {
    /** Least size of the local log, in bytes. */
    public static final long MIN_CACHE_SIZE = VolumeContext.MIN_LOG_SIZE;

    /** Greatest size of the local log, in bytes. */
    public static final long MAX_CACHE_SIZE = 1L << 40;

    /** Where objects are kept. */
    public static final Setting<StoreUrl> STORE = new Setting<>(
            "store",
            StoreUrl::parse,
            environment -> new StoreUrl.Directory(
                    environment.xdg("XDG_DATA_HOME", ".local/share").resolve("varve/store")));

    /** Address of the S3 server; empty for the one that the AWS environment or profile names. */
    public static final Setting<String> S3_ENDPOINT =
            new Setting<>("s3-endpoint", Setting::parseEndpoint, environment -> "");

    /** Region that S3 requests are signed for; empty for the one that the AWS environment or profile names. */
    public static final Setting<String> S3_REGION = new Setting<>("s3-region", Setting::parseRegion, environment -> "");

    /** Whether the bucket is named in the path of requests instead of in the host's name. */
    public static final Setting<Boolean> S3_PATH_STYLE =
            new Setting<>("s3-path-style", Setting::parseBoolean, environment -> false);

    /** Where the key comes from that volumes' data keys are wrapped by; empty for volumes that are not encrypted. */
    public static final Setting<String> KEY = new Setting<>("key", Setting::parseKey, environment -> "");

    /** Least size of the read cache that is not 0, in bytes. */
    public static final long MIN_READ_CACHE_SIZE = 16L << 20;

    /** Directory of the local logs and the read cache. */
    public static final Setting<Path> CACHE = new Setting<>(
            "cache",
            Setting::parsePath,
            environment -> environment.xdg("XDG_CACHE_HOME", ".cache").resolve("varve"));

    /** Size of a volume's local log, in bytes. */
    public static final Setting<Long> CACHE_SIZE =
            new Setting<>("cache-size", Setting::parseCacheSize, environment -> 4L << 30);

    /** Size of the read cache of a process, in bytes; 0 for none. */
    public static final Setting<Long> READ_CACHE_SIZE =
            new Setting<>("read-cache-size", Setting::parseReadCacheSize, environment -> 4L << 30);

    /** Size of a volume's objects, as a multiple of the disk's, from which on garbage is collected. */
    public static final Setting<Double> GC_SPACE =
            new Setting<>("gc-space", Setting::parseGcSpace, environment -> GcPolicy.DEFAULT.space());

    /** Part of what is stored that may be garbage. */
    public static final Setting<Double> GC_GARBAGE =
            new Setting<>("gc-garbage", Setting::parseGcGarbage, environment -> GcPolicy.DEFAULT.garbage());

    /** Bytes that collection reads and writes in a second at most; 0 for as many as go. */
    public static final Setting<Long> GC_RATE =
            new Setting<>("gc-rate", ByteSize::parse, environment -> GcPolicy.DEFAULT.rate());

    /** How long the end of {@code serve} waits for the store. */
    public static final Setting<Duration> SHUTDOWN_TIMEOUT =
            new Setting<>("shutdown-timeout", TimeSpan::parse, environment -> Duration.ofSeconds(20));

    /** How long a front-end waits at most for an answer that waits for the store. */
    public static final Setting<Duration> ANSWER_TIMEOUT =
            new Setting<>("answer-timeout", Setting::parseAnswerTimeout, environment -> SessionOptions.HOLD_LIMIT);

    /** How long the reactor polls after its last work before it sleeps, at most. */
    public static final Setting<Duration> POLL_TIME =
            new Setting<>("poll-time", TimeSpan::parse, environment -> Duration.ofNanos(200_000));

    /** Greatest number of lanes of a volume. */
    public static final int MAX_READ_LANES = 8;

    /** Threads of a volume, beside its reactor, that serve reads of guests with several queues. */
    public static final Setting<Integer> READ_LANES =
            new Setting<>("read-lanes", Setting::parseReadLanes, environment -> 0);

    /** The daemon's control socket. */
    public static final Setting<Path> CONTROL =
            new Setting<>("control", Setting::parsePath, environment -> environment.runtimePath("varve/control.sock"));

    /** Permissions of the control socket. */
    public static final Setting<Integer> CONTROL_MODE =
            new Setting<>("control-mode", Setting::parseMode, environment -> 0600);

    /** Group of the control socket; empty for the daemon's own. */
    public static final Setting<String> CONTROL_GROUP =
            new Setting<>("control-group", Setting::parseGroup, environment -> "");

    /** Permissions of the sockets that volumes are served at. */
    public static final Setting<Integer> SOCKET_MODE =
            new Setting<>("socket-mode", Setting::parseMode, environment -> 0600);

    /** Group of the sockets that volumes are served at; empty for the daemon's own. */
    public static final Setting<String> SOCKET_GROUP =
            new Setting<>("socket-group", Setting::parseGroup, environment -> "");

    /** Least level of messages that are logged. */
    public static final Setting<System.Logger.Level> LOG =
            new Setting<>("log", Setting::parseLevel, environment -> System.Logger.Level.INFO);

    /** All settings. */
    public static final List<Setting<?>> ALL = List.of(
            STORE,
            S3_ENDPOINT,
            S3_REGION,
            S3_PATH_STYLE,
            KEY,
            CACHE,
            CACHE_SIZE,
            READ_CACHE_SIZE,
            GC_SPACE,
            GC_GARBAGE,
            GC_RATE,
            SHUTDOWN_TIMEOUT,
            ANSWER_TIMEOUT,
            POLL_TIME,
            READ_LANES,
            CONTROL,
            CONTROL_MODE,
            CONTROL_GROUP,
            SOCKET_MODE,
            SOCKET_GROUP,
            LOG);

    /** Those that can differ from volume to volume. */
    public static final List<Setting<?>> OF_VOLUME = List.of(
            STORE,
            S3_ENDPOINT,
            S3_REGION,
            S3_PATH_STYLE,
            KEY,
            CACHE,
            CACHE_SIZE,
            GC_SPACE,
            GC_GARBAGE,
            GC_RATE,
            SHUTDOWN_TIMEOUT,
            ANSWER_TIMEOUT,
            POLL_TIME,
            READ_LANES,
            SOCKET_MODE,
            SOCKET_GROUP);

    /** Those that say something of an S3 server. */
    public static final List<Setting<?>> OF_S3 = List.of(S3_ENDPOINT, S3_REGION, S3_PATH_STYLE);

    /** Those that say which store is meant. */
    public static final List<Setting<?>> OF_STORE = List.of(STORE, S3_ENDPOINT, S3_REGION, S3_PATH_STYLE, KEY);

    /** Those that say how a volume is written: of no use where it is only read. */
    public static final List<Setting<?>> OF_WRITERS = List.of(CACHE_SIZE, GC_SPACE, GC_GARBAGE, GC_RATE);

    /** Those that the volumes of a process have in common. */
    public static final List<Setting<?>> OF_PROCESS = List.of(READ_CACHE_SIZE);

    /** Those of the control socket. */
    public static final List<Setting<?>> OF_CONTROL = List.of(CONTROL, CONTROL_MODE, CONTROL_GROUP);

    /** Those that say who may connect to it. */
    public static final List<Setting<?>> OF_CONTROL_ACCESS = List.of(CONTROL_MODE, CONTROL_GROUP);

    /** Those that say who may connect to the sockets of volumes. */
    public static final List<Setting<?>> OF_SOCKET_ACCESS = List.of(SOCKET_MODE, SOCKET_GROUP);

    private final String name;
    private final Function<String, T> parser;
    private final Function<Environment, T> defaultValue;

    private Setting(final String name, final Function<String, T> parser, final Function<Environment, T> defaultValue) {
        this.name = name;
        this.parser = parser;
        this.defaultValue = defaultValue;
    }

    /** Key in the file, such as {@code cache-size}; with two dashes before it, the option. */
    public String key() {
        return name;
    }

    /** The option of the first of some settings whose keys are given; null when none is. */
    public static String firstOption(final List<Setting<?>> settings, final Set<String> given) {
        return settings.stream()
                .map(Setting::key)
                .filter(given::contains)
                .map(key -> "--" + key)
                .findFirst()
                .orElse(null);
    }

    /** Environment variable, such as {@code VARVE_CACHE_SIZE}. */
    public String variable() {
        return "VARVE_" + name.toUpperCase(Locale.ROOT).replace('-', '_');
    }

    /**
     * Reads a value.
     *
     * @throws UserException when the text is none.
     */
    T parse(final String text) {
        return parser.apply(text);
    }

    /** The value where nothing else is said. */
    T defaultValue(final Environment environment) {
        return defaultValue.apply(environment);
    }

    private static Path parsePath(final String text) {
        if (text.isBlank()) {
            throw new UserException("the path is empty");
        }
        return UserPath.of(text).toAbsolutePath().normalize();
    }

    private static String parseKey(final String text) {
        try {
            return text.isEmpty() ? text : KeySource.parse(text).toString();
        } catch (final KeyException e) {
            throw new UserException(e.getMessage(), e);
        }
    }

    private static String parseEndpoint(final String text) {
        try {
            new S3StoreContext().endpoint(text);
            return text;
        } catch (final StoreException e) {
            throw new UserException(e.getMessage(), e);
        }
    }

    private static String parseRegion(final String text) {
        try {
            new S3StoreContext().region(text);
            return text;
        } catch (final StoreException e) {
            throw new UserException(e.getMessage(), e);
        }
    }

    private static boolean parseBoolean(final String text) {
        return switch (text) {
            case "true" -> true;
            case "false" -> false;
            default -> throw new UserException("'" + text + "' is not true or false");
        };
    }

    private static Duration parseAnswerTimeout(final String text) {
        final Duration time = TimeSpan.parse(text);
        if (time.compareTo(Duration.ofMillis(100)) < 0) {
            throw new UserException("the front-end waits for 100ms at least, not " + text);
        }
        return time;
    }

    private static long parseCacheSize(final String text) {
        final long size = ByteSize.parse(text);
        if (size < MIN_CACHE_SIZE || size > MAX_CACHE_SIZE) {
            throw new UserException("the cache's size is " + ByteSize.format(MIN_CACHE_SIZE) + " to "
                    + ByteSize.format(MAX_CACHE_SIZE) + ", not " + text);
        }
        return size;
    }

    private static long parseReadCacheSize(final String text) {
        final long size = ByteSize.parse(text);
        if (size != 0 && size < MIN_READ_CACHE_SIZE || size > MAX_CACHE_SIZE) {
            throw new UserException("the read cache's size is 0 or " + ByteSize.format(MIN_READ_CACHE_SIZE) + " to "
                    + ByteSize.format(MAX_CACHE_SIZE) + ", not " + text);
        }
        return size;
    }

    private static int parseReadLanes(final String text) {
        if (!text.matches("[0-9]") || Integer.parseInt(text) > MAX_READ_LANES) {
            throw new UserException("give a number from 0 to " + MAX_READ_LANES + ", not " + text);
        }
        return Integer.parseInt(text);
    }

    private static double parseGcSpace(final String text) {
        return parseDecimal(text, GcPolicy.MIN_SPACE, GcPolicy.MAX_SPACE);
    }

    private static double parseGcGarbage(final String text) {
        return parseDecimal(text, GcPolicy.MIN_GARBAGE, GcPolicy.MAX_GARBAGE);
    }

    private static double parseDecimal(final String text, final double least, final double most) {
        if (text.matches("[0-9]{1,9}(\\.[0-9]{1,9})?")) {
            final double value = Double.parseDouble(text);
            if (value >= least && value <= most) {
                return value;
            }
        }
        throw new UserException("give a number from " + plain(least) + " to " + plain(most) + ", not " + text);
    }

    private static String plain(final double value) {
        return BigDecimal.valueOf(value).stripTrailingZeros().toPlainString();
    }

    private static int parseMode(final String text) {
        if (!text.matches("0?[0-7]{3}")) {
            throw new UserException("'" + text + "' is not a mode: give three octal digits, as for chmod (660)");
        }
        return Integer.parseInt(text, 8);
    }

    private static String parseGroup(final String text) {
        if (text.isBlank()) {
            throw new UserException("the group's name is empty");
        }
        return text;
    }

    private static System.Logger.Level parseLevel(final String text) {
        return switch (text.toLowerCase(Locale.ROOT)) {
            case "off" -> System.Logger.Level.OFF;
            case "error" -> System.Logger.Level.ERROR;
            case "warn" -> System.Logger.Level.WARNING;
            case "info" -> System.Logger.Level.INFO;
            case "debug" -> System.Logger.Level.DEBUG;
            case "trace" -> System.Logger.Level.TRACE;
            default -> throw new UserException("'" + text + "' is not off, error, warn, info, debug or trace");
        };
    }
}

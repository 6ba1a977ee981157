package io.varve.launcher.volume;

import io.varve.launcher.UserException;
import io.varve.launcher.config.ByteSize;
import io.varve.launcher.config.TimeSpan;
import io.varve.lsvd.VolumeInfo;
import io.varve.lsvd.format.Codec;
import io.varve.lsvd.format.Compression;
import io.varve.lsvd.format.Durability;
import io.varve.lsvd.format.VolumeSettings;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.LongFunction;

/** The settings of a volume that can be changed, as people write and read them. */
public enum VolumeSettingText {
    /** What a completed flush survives. */
    DURABILITY(
            "durability",
            setting(VolumeSettingText::parseDurability, VolumeSettings::withDurability),
            settings -> settings.durability().name().toLowerCase(Locale.ROOT)),

    /** How much may be acknowledged and not yet be in the store. */
    MAX_UNSENT_BYTES(
            "max-unsent-bytes",
            setting(ByteSize::parse, VolumeSettings::withMaxUnsentBytes),
            settings -> orElse(settings.maxUnsentBytes(), ByteSize::format, "no limit")),

    /** For how long. */
    MAX_UNSENT_AGE(
            "max-unsent-age",
            setting(VolumeSettingText::parseMillis, VolumeSettings::withMaxUnsentAgeMs),
            settings -> orElse(settings.maxUnsentAgeMs(), TimeSpan::formatMillis, "no limit")),

    /** How long a proof of the epoch counts. */
    FENCE_TIMEOUT(
            "fence-timeout",
            setting(VolumeSettingText::parseMillis, VolumeSettings::withFenceTimeoutMs),
            settings -> orElse(settings.fenceTimeoutMs(), TimeSpan::formatMillis, "off")),

    /** How what is stored is compressed. */
    COMPRESSION(
            "compression",
            setting(VolumeSettingText::parseCompression, VolumeSettings::withCompression),
            settings -> format(settings.compression()));

    private final String key;
    private final BiFunction<VolumeSettings, String, VolumeSettings> setter;
    private final Function<VolumeSettings, String> format;

    VolumeSettingText(
            final String key,
            final BiFunction<VolumeSettings, String, VolumeSettings> setter,
            final Function<VolumeSettings, String> format) {
        this.key = key;
        this.setter = setter;
        this.format = format;
    }

    /** Name of the setting; with two dashes before it, the option of {@code volume create}. */
    public String key() {
        return key;
    }

    /**
     * These settings with another value of this one.
     *
     * @throws UserException when the text is no value: begins with the text that stands for the setting.
     */
    public VolumeSettings set(final VolumeSettings settings, final String text, final String what) {
        try {
            return setter.apply(settings, text);
        } catch (final UserException e) {
            throw new UserException(what + ": " + e.getMessage(), e);
        }
    }

    /** The value as it counts now, and from when on another does, if so. */
    public String describe(final VolumeInfo info) {
        final String now = format.apply(info.settings());
        final String next = format.apply(info.nextSettings());
        return now.equals(next) ? now : now + "; " + next + " once it is opened again";
    }

    /**
     * Reads assignments such as {@code durability=store}.
     *
     * @throws UserException when one is none, or of an unknown setting, or one is set twice.
     */
    public static Map<VolumeSettingText, String> parse(final Iterable<String> assignments) {
        final Map<VolumeSettingText, String> parsed = new LinkedHashMap<>();
        for (final String assignment : assignments) {
            final int sign = assignment.indexOf('=');
            if (sign < 0) {
                throw new UserException("'" + assignment + "' sets nothing: write KEY=VALUE");
            }
            final VolumeSettingText setting = of(assignment.substring(0, sign));
            if (parsed.put(setting, assignment.substring(sign + 1)) != null) {
                throw new UserException(setting.key + " is set twice");
            }
        }
        return parsed;
    }

    /**
     * Reads changes by the keys of their settings.
     *
     * @throws UserException when one is of an unknown setting.
     */
    public static Map<VolumeSettingText, String> parse(final Map<String, String> changes) {
        final Map<VolumeSettingText, String> parsed = new LinkedHashMap<>();
        changes.forEach((key, text) -> parsed.put(of(key), text));
        return parsed;
    }

    /** Settings with these changes. */
    public static VolumeSettings change(final VolumeSettings before, final Map<VolumeSettingText, String> changes) {
        VolumeSettings after = before;
        for (final Map.Entry<VolumeSettingText, String> change : changes.entrySet()) {
            after = change.getKey().set(after, change.getValue(), change.getKey().key);
        }
        return after;
    }

    private static VolumeSettingText of(final String key) {
        for (final VolumeSettingText setting : values()) {
            if (setting.key.equals(key)) {
                return setting;
            }
        }
        throw new UserException(
                "no setting '" + key
                        + "' of a volume can be changed; those that can: durability, max-unsent-bytes, max-unsent-age, fence-timeout, compression");
    }

    private static <T> BiFunction<VolumeSettings, String, VolumeSettings> setting(
            final Function<String, T> parser, final BiFunction<VolumeSettings, T, VolumeSettings> setter) {
        return (settings, text) -> setter.apply(settings, parser.apply(text));
    }

    private static long parseMillis(final String text) {
        final Duration span = TimeSpan.parse(text);
        if (span.getNano() % 1_000_000 != 0) {
            throw new UserException("'" + text + "' is no whole number of milliseconds");
        }
        return span.toMillis();
    }

    /** A compression as people write it. */
    static String format(final Compression compression) {
        final String codec = compression.codec().name().toLowerCase(Locale.ROOT);
        return compression.codec() == Codec.ZSTD ? codec + ":" + compression.level() : codec;
    }

    static Compression parseCompression(final String text) {
        return switch (text) {
            case "none" -> Compression.NONE;
            case "lz4" -> Compression.LZ4;
            case "zstd" -> Compression.zstd(1);
            default -> parseLevel(text);
        };
    }

    private static Compression parseLevel(final String text) {
        if (text.startsWith("zstd:")) {
            try {
                return Compression.zstd(Integer.parseInt(text.substring("zstd:".length())));
            } catch (final IllegalArgumentException e) {
                throw new UserException(
                        "'" + text + "': give a level from " + Compression.MIN_LEVEL + " to " + Compression.MAX_LEVEL
                                + " and not 0, as in zstd:3",
                        e);
            }
        }
        throw new UserException("'" + text + "' is none of none, lz4, zstd and zstd:LEVEL");
    }

    static Durability parseDurability(final String text) {
        return switch (text) {
            case "log" -> Durability.LOG;
            case "store" -> Durability.STORE;
            default -> throw new UserException("'" + text + "' is neither log nor store");
        };
    }

    private static String orElse(final long value, final LongFunction<String> format, final String ofZero) {
        return value == 0 ? ofZero : format.apply(value);
    }
}

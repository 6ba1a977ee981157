package io.varve.launcher.volume;

import io.varve.lsvd.VolumeInfo;
import io.varve.lsvd.VolumeUsage;
import io.varve.lsvd.format.Durability;
import io.varve.lsvd.format.VolumeSettings;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;

/** The JSON form of a volume, as maps, strings and numbers. Names are stable; more may be added. */
public final class VolumeJson {
    private VolumeJson() {}

    /** Writes. */
    public static Map<String, Object> ofVolume(final VolumeInfo info) {
        final Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("name", info.name());
        fields.put("uuid", info.uuid() == null ? null : info.uuid().toString());
        if (!info.isReadable()) {
            fields.put("state", info.state());
            fields.put("trouble", info.trouble());
            return fields;
        }
        fields.put("size_bytes", info.sizeBytes());
        fields.putAll(ofSettings(info.settings()));
        if (!ofSettings(info.nextSettings()).equals(ofSettings(info.settings()))) {
            fields.put("next_settings", ofSettings(info.nextSettings()));
        }
        fields.put("created", info.created().toString());
        fields.put("objects", info.objects());
        fields.put("stored_bytes", info.storedBytes());
        fields.put("state", info.state());
        fields.put("opened_by", info.openedBy());
        fields.put("opened", info.opened() == null ? null : info.opened().toString());
        fields.put("parent", info.parent());
        return fields;
    }

    /** Writes the settings, but for the size and the guest's write cache. */
    public static Map<String, Object> ofSettings(final VolumeSettings settings) {
        final Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("durability", settings.durability().name().toLowerCase(Locale.ROOT));
        fields.put("max_unsent_bytes", settings.maxUnsentBytes());
        fields.put("max_unsent_age_ms", settings.maxUnsentAgeMs());
        fields.put("fence_timeout_ms", settings.fenceTimeoutMs());
        return fields;
    }

    /**
     * Reads what was written.
     *
     * @throws RuntimeException when it was not.
     */
    public static VolumeInfo info(final Map<?, ?> fields) {
        if (fields.get("trouble") instanceof String trouble) {
            return VolumeInfo.unreadable(
                    (String) fields.get("name"),
                    fields.get("uuid") instanceof String uuid ? UUID.fromString(uuid) : null,
                    trouble);
        }
        final long size = number(fields, "size_bytes");
        final VolumeSettings settings = settings(fields, size);
        return new VolumeInfo(
                (String) fields.get("name"),
                UUID.fromString((String) fields.get("uuid")),
                settings,
                fields.get("next_settings") instanceof Map<?, ?> next ? settings(next, size) : settings,
                Instant.parse((String) fields.get("created")),
                number(fields, "objects"),
                number(fields, "stored_bytes"),
                (String) fields.get("state"),
                (String) fields.get("opened_by"),
                fields.get("opened") == null ? null : Instant.parse((String) fields.get("opened")),
                (String) fields.get("parent"),
                null);
    }

    /** Writes what a volume takes of the store. */
    public static Map<String, Object> ofUsage(final VolumeUsage usage) {
        final Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("name", usage.name());
        fields.put("uuid", usage.uuid().toString());
        fields.put("size_bytes", usage.sizeBytes());
        fields.put("mapped_bytes", usage.mappedBytes());
        fields.put("live_bytes", usage.liveBytes());
        fields.put("garbage_bytes", usage.garbageBytes());
        fields.put("snapshot_bytes", usage.snapshotBytes());
        fields.put("other_bytes", usage.otherBytes());
        fields.put("stored_bytes", usage.storedBytes());
        fields.put("objects", usage.objects());
        fields.put("freed_bytes", usage.freedBytes());
        fields.put("clones", usage.clones());
        return fields;
    }

    /**
     * Reads what was written.
     *
     * @throws RuntimeException when it was not.
     */
    public static VolumeUsage usage(final Map<?, ?> fields) {
        return new VolumeUsage(
                (String) fields.get("name"),
                UUID.fromString((String) fields.get("uuid")),
                number(fields, "size_bytes"),
                number(fields, "mapped_bytes"),
                number(fields, "live_bytes"),
                number(fields, "garbage_bytes"),
                number(fields, "snapshot_bytes"),
                number(fields, "other_bytes"),
                number(fields, "stored_bytes"),
                number(fields, "objects"),
                number(fields, "freed_bytes"),
                number(fields, "clones"));
    }

    /** Reads settings. */
    public static VolumeSettings settings(final Map<?, ?> fields, final long sizeBytes) {
        return VolumeSettings.ofSize(sizeBytes)
                .withDurability(Durability.valueOf(((String) fields.get("durability")).toUpperCase(Locale.ROOT)))
                .withMaxUnsentBytes(number(fields, "max_unsent_bytes"))
                .withMaxUnsentAgeMs(number(fields, "max_unsent_age_ms"))
                .withFenceTimeoutMs(number(fields, "fence_timeout_ms"));
    }

    private static long number(final Map<?, ?> fields, final String name) {
        return ((Number) fields.get(name)).longValue();
    }
}

package io.varve.launcher.volume;

import io.varve.control.VolumeDescription;
import io.varve.control.VolumeDuCall;
import io.varve.control.VolumeSettingsFields;
import io.varve.lsvd.VolumeInfo;
import io.varve.lsvd.VolumeUsage;
import io.varve.lsvd.format.Compression;
import io.varve.lsvd.format.Durability;
import io.varve.lsvd.format.VolumeSettings;
import java.time.Instant;
import java.util.Locale;
import java.util.UUID;

/** Volumes as the control API has them, of what the engine knows, and back. */
public final class Descriptions {
    private Descriptions() {}

    /** Describes a volume. */
    public static VolumeDescription of(final VolumeInfo info) {
        final String uuid = info.uuid() == null ? null : info.uuid().toString();
        if (!info.isReadable()) {
            return new VolumeDescription(info.name(), uuid, null, word(info.state()), info.trouble(), null);
        }
        final VolumeSettingsFields now = of(info.settings());
        final VolumeSettingsFields next = of(info.nextSettings());
        return new VolumeDescription(
                info.name(),
                uuid,
                new VolumeDescription.Contents(
                        info.sizeBytes(),
                        now,
                        next.equals(now) ? null : next,
                        info.created().toString(),
                        info.objects(),
                        info.storedBytes()),
                word(info.state()),
                null,
                new VolumeDescription.Origin(
                        info.openedBy(),
                        info.opened() == null ? null : info.opened().toString(),
                        info.parent()));
    }

    /** Whether a volume is open, as a word. */
    public static String word(final VolumeInfo.State state) {
        return state.name().toLowerCase(Locale.ROOT);
    }

    /** The settings, but for the size and the guest's write cache. */
    public static VolumeSettingsFields of(final VolumeSettings settings) {
        return new VolumeSettingsFields(
                settings.durability().name().toLowerCase(Locale.ROOT),
                settings.maxUnsentBytes(),
                settings.maxUnsentAgeMs(),
                settings.fenceTimeoutMs(),
                VolumeSettingText.format(settings.compression()));
    }

    /** Describes what a volume takes of the store. */
    public static VolumeDuCall.Answer of(final VolumeUsage usage) {
        return new VolumeDuCall.Answer(
                usage.name(),
                usage.uuid().toString(),
                usage.sizeBytes(),
                usage.mappedBytes(),
                new VolumeDuCall.Stored(
                        usage.liveBytes(),
                        usage.garbageBytes(),
                        usage.snapshotBytes(),
                        usage.otherBytes(),
                        usage.storedBytes()),
                usage.objects(),
                usage.freedBytes(),
                usage.clones());
    }

    /** What a description says of a volume. */
    public static VolumeInfo info(final VolumeDescription volume) {
        final UUID uuid = volume.uuid() == null ? null : UUID.fromString(volume.uuid());
        final VolumeDescription.Contents contents = volume.contents();
        if (contents == null) {
            return VolumeInfo.unreadable(volume.name(), uuid, volume.trouble());
        }
        final VolumeSettings settings = settings(contents.settings(), contents.sizeBytes());
        return new VolumeInfo(
                volume.name(),
                uuid,
                settings,
                contents.nextSettings() == null ? settings : settings(contents.nextSettings(), contents.sizeBytes()),
                Instant.parse(contents.created()),
                contents.objects(),
                contents.storedBytes(),
                VolumeInfo.State.valueOf(volume.state().toUpperCase(Locale.ROOT)),
                volume.origin().openedBy(),
                volume.origin().opened() == null
                        ? null
                        : Instant.parse(volume.origin().opened()),
                volume.origin().parent(),
                null);
    }

    /** What an answer says of what a volume takes. */
    public static VolumeUsage usage(final VolumeDuCall.Answer answer) {
        final VolumeDuCall.Stored stored = answer.stored();
        return new VolumeUsage(
                answer.name(),
                UUID.fromString(answer.uuid()),
                answer.sizeBytes(),
                answer.mappedBytes(),
                stored.liveBytes(),
                stored.garbageBytes(),
                stored.snapshotBytes(),
                stored.otherBytes(),
                stored.storedBytes(),
                answer.objects(),
                answer.freedBytes(),
                answer.clones());
    }

    /** Settings of a volume of a size. */
    public static VolumeSettings settings(final VolumeSettingsFields fields, final long sizeBytes) {
        return VolumeSettings.ofSize(sizeBytes)
                .withDurability(
                        fields.durability() == null
                                ? Durability.LOG
                                : VolumeSettingText.parseDurability(fields.durability()))
                .withMaxUnsentBytes(fields.maxUnsentBytes())
                .withMaxUnsentAgeMs(fields.maxUnsentAgeMs())
                .withFenceTimeoutMs(fields.fenceTimeoutMs())
                .withCompression(
                        fields.compression() == null
                                ? Compression.NONE
                                : VolumeSettingText.parseCompression(fields.compression()));
    }
}

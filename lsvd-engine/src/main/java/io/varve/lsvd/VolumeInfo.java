package io.varve.lsvd;

import io.varve.lsvd.format.VolumeSettings;
import java.time.Instant;
import java.util.UUID;

/**
 * What the store knows of a volume.
 *
 * @param name        its name.
 * @param uuid        its identity.
 * @param settings    what is set for it, as of its newest epoch.
 * @param created     when it was made.
 * @param objects     number of objects in the store.
 * @param storedBytes their size.
 * @param state       {@code closed}, or {@code open} while a writer has it or has not closed it.
 * @param openedBy    who opened it last, or null when nobody has yet.
 * @param opened      when that was, or null.
 */
public record VolumeInfo(
        String name,
        UUID uuid,
        VolumeSettings settings,
        Instant created,
        long objects,
        long storedBytes,
        String state,
        String openedBy,
        Instant opened) {
    /** Size of the disk in bytes. */
    public long sizeBytes() {
        return settings.sizeBytes();
    }
}

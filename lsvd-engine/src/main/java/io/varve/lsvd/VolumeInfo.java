package io.varve.lsvd;

import io.varve.lsvd.format.VolumeSettings;
import java.time.Instant;
import java.util.UUID;

/**
 * What the store knows of a volume.
 *
 * @param name        its name.
 * @param uuid        its identity.
 * @param settings    what counts for it now: what its newest epoch was opened with, or, when it is closed, {@code nextSettings}.
 * @param nextSettings what counts from the next time on that it is opened.
 * @param created     when it was made.
 * @param objects     number of objects in the store.
 * @param storedBytes their size.
 * @param state       {@code closed}, or {@code open} while a writer has it or has not closed it.
 * @param openedBy    who opened it last, or null when nobody has yet.
 * @param opened      when that was, or null.
 * @param parent      the snapshot that it shares data with as its clone, as VOLUME@SNAPSHOT; null for none, or where it was not
 *                    asked for.
 */
public record VolumeInfo(
        String name,
        UUID uuid,
        VolumeSettings settings,
        VolumeSettings nextSettings,
        Instant created,
        long objects,
        long storedBytes,
        String state,
        String openedBy,
        Instant opened,
        String parent) {
    /** The same, with a parent. */
    VolumeInfo withParent(final String of) {
        return new VolumeInfo(
                name, uuid, settings, nextSettings, created, objects, storedBytes, state, openedBy, opened, of);
    }

    /** Size of the disk in bytes, as it was last set. */
    public long sizeBytes() {
        return nextSettings.sizeBytes();
    }
}

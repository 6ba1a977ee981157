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
 * @param state       whether it is open.
 * @param openedBy    who opened it last, or null when nobody has yet.
 * @param opened      when that was, or null.
 * @param parent      the snapshot that it shares data with as its clone, as VOLUME@SNAPSHOT; null for none, or where it was not
 *                    asked for.
 * @param trouble     why nothing but the name, and perhaps the identity, could be read, in one line; or null.
 */
public record VolumeInfo(
        String name,
        UUID uuid,
        VolumeSettings settings,
        VolumeSettings nextSettings,
        Instant created,
        long objects,
        long storedBytes,
        State state,
        String openedBy,
        Instant opened,
        String parent,
        String trouble) {
    /** Whether a volume is open. */
    public enum State {
        /** Its last writer has closed it, or nobody has opened it yet. */
        CLOSED,

        /** A writer has it, or has not closed it. */
        OPEN,

        /** Nothing but its name, and perhaps its identity, could be read. */
        UNREADABLE
    }

    /**
     * One that can't be read.
     *
     * @param uuid    its identity, or null.
     * @param trouble why, in one line.
     */
    public static VolumeInfo unreadable(final String name, final UUID uuid, final String trouble) {
        final VolumeSettings unknown = VolumeSettings.ofSize(0);
        return new VolumeInfo(
                name, uuid, unknown, unknown, Instant.EPOCH, 0, 0, State.UNREADABLE, null, null, null, trouble);
    }

    /** The same, with a parent. */
    VolumeInfo withParent(final String of) {
        return new VolumeInfo(
                name,
                uuid,
                settings,
                nextSettings,
                created,
                objects,
                storedBytes,
                state,
                openedBy,
                opened,
                of,
                trouble);
    }

    /** Whether more is known of it than its name. */
    public boolean isReadable() {
        return trouble == null;
    }

    /** Size of the disk in bytes, as it was last set. */
    public long sizeBytes() {
        return nextSettings.sizeBytes();
    }
}

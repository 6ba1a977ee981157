package io.varve.launcher.daemon;

import io.varve.lsvd.VolumeStats;
import java.nio.file.Path;
import java.util.UUID;

/**
 * How a volume in a daemon is.
 *
 * @param name      of the volume.
 * @param state     how far it has come.
 * @param socket    where front-ends connect; null when the socket was inherited.
 * @param uuid      of the volume; null while it has not been opened.
 * @param sizeBytes of the disk; 0 while it has not been opened.
 * @param isReadOnly whether writes are refused.
 * @param frontEnd  who is connected.
 * @param trouble   what is wrong, in one line; null when nothing is known to be.
 * @param note      who else has the volume, in one line; null when nobody is known to.
 * @param cachedBytes of its objects, its ancestors' included, in the read cache.
 * @param stats     live figures; null while it has not been opened.
 */
public record VolumeStatus(
        String name,
        State state,
        Path socket,
        UUID uuid,
        long sizeBytes,
        boolean isReadOnly,
        FrontEndState frontEnd,
        String trouble,
        String note,
        long cachedBytes,
        VolumeStats stats) {
    /** How far a volume has come. */
    public enum State {
        /** It waits for the store, or replays its log. */
        OPENING,

        /** Front-ends can connect; the volume is followed, and taken when a guest begins to use it. */
        FOLLOWING,

        /** A guest waits until the volume is there. */
        TAKING,

        /** Front-ends are served. */
        SERVING,

        /** It completes what is in flight and ships what is unsent. */
        ENDING,

        /** It has ended as asked. */
        ENDED,

        /** It could not be opened, or its reactor has failed. */
        FAILED
    }

    /** Who is connected to a volume. */
    public enum FrontEndState {
        /** Nobody. */
        NONE,

        /** A front-end, whose guest does not use the disk. */
        CONNECTED,

        /** A front-end, whose guest uses the disk. */
        RUNNING
    }
}

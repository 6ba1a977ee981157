package io.varve.launcher.daemon;

import io.varve.block.ExportStatus;
import io.varve.lsvd.VolumeStats;
import io.varve.vhostuser.VhostUserBlkServer;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;

/**
 * How a volume in a daemon is.
 *
 * @param name      of the volume.
 * @param state     how far it has come.
 * @param exports   how and where clients reach it.
 * @param uuid      of the volume; null while it has not been opened.
 * @param sizeBytes of the disk; 0 while it has not been opened.
 * @param isReadOnly whether writes are refused.
 * @param sessions  who is connected, over any of them.
 * @param trouble   what is wrong, in one line; null when nothing is known to be.
 * @param note      who else has the volume, in one line; null when nobody is known to.
 * @param cachedBytes of its objects, its ancestors' included, in the read cache.
 * @param stats     live figures; null while it has not been opened.
 */
public record VolumeStatus(
        String name,
        State state,
        List<ExportStatus> exports,
        UUID uuid,
        long sizeBytes,
        boolean isReadOnly,
        List<SessionStatus> sessions,
        String trouble,
        String note,
        long cachedBytes,
        VolumeStats stats) {
    /** Where vhost-user front-ends connect; null for an inherited socket, and when there is no such export. */
    public Path socket() {
        return exports.stream()
                .filter(export -> export.protocol().equals(VhostUserBlkServer.PROTOCOL) && export.address() != null)
                .map(export -> Path.of(export.address()))
                .findFirst()
                .orElse(null);
    }

    /** Who is connected, in one word. */
    public FrontEndState frontEnd() {
        return FrontEndState.of(sessions);
    }

    /** How far a volume has come. */
    public enum State {
        /** It waits for the store, or replays its log. */
        OPENING,

        /** Clients can connect; the volume is followed, and taken when a guest begins to use it. */
        FOLLOWING,

        /** A client waits until the volume is there. */
        TAKING,

        /** Clients are served. */
        SERVING,

        /** It completes what is in flight and ships what is unsent. */
        ENDING,

        /** It has ended as asked. */
        ENDED,

        /** It could not be opened, or its reactor has failed. */
        FAILED
    }

    /** Who uses a volume. */
    public enum FrontEndState {
        /** Nobody. */
        NONE,

        /** A client that does not use the disk, such as a front-end whose guest does not run. */
        CONNECTED,

        /** A client that uses the disk. */
        RUNNING;

        static FrontEndState of(final List<SessionStatus> sessions) {
            return sessions.stream().anyMatch(SessionStatus::isRunning)
                    ? RUNNING
                    : sessions.isEmpty() ? NONE : CONNECTED;
        }
    }
}

package io.varve.launcher.volume;

import io.varve.launcher.UserException;
import io.varve.lsvd.ObjectName;

/**
 * A snapshot as users write it: {@code VOLUME@SNAPSHOT}.
 *
 * @param volume   name of the volume.
 * @param snapshot name of the snapshot: see {@link ObjectName}.
 */
public record SnapshotName(String volume, String snapshot) {
    /**
     * Reads a name.
     *
     * @throws UserException when it is none.
     */
    public static SnapshotName parse(final String text) {
        final int at = text.indexOf('@');
        if (at < 1) {
            throw new UserException("'" + text + "' names no snapshot: write VOLUME@SNAPSHOT");
        }
        return new SnapshotName(text.substring(0, at), check(text.substring(at + 1)));
    }

    /** The name of the snapshot that is made of a volume as it was when it was taken over: by the epoch that began there. */
    public static String ofTakeOver(final long epoch) {
        return "takeover-" + epoch;
    }

    /** Whether a text names a snapshot, and not a volume. */
    public static boolean isSnapshot(final String text) {
        return text.indexOf('@') >= 0;
    }

    /**
     * Checks a name without its volume's.
     *
     * @throws UserException when it is no good.
     */
    public static String check(final String snapshot) {
        if (!ObjectName.isValid(snapshot)) {
            throw new UserException("'" + snapshot + "' is no name for a snapshot: use " + ObjectName.RULE);
        }
        return snapshot;
    }

    @Override
    public String toString() {
        return volume + "@" + snapshot;
    }
}

package io.varve.launcher.daemon;

import io.varve.launcher.config.ByteSize;
import io.varve.lsvd.VolumeStats;
import java.util.concurrent.TimeUnit;

/** Says what a volume has not shipped yet. */
final class Unsent {
    private Unsent() {}

    /** A record that has waited so long waits for more than its batch and one upload, in nanoseconds. */
    private static final long OVERDUE_NS = 60_000_000_000L;

    /** As {@link #describe}, but null as well for a volume that ships what it is given, as it should. */
    static String describeIfOverdue(final VolumeStats stats) {
        return stats.storeTrouble() == null && stats.oldestUnsentAgeNs() < OVERDUE_NS ? null : describe(stats);
    }

    /** One line without the volume's name, or null when everything is in the store. */
    static String describe(final VolumeStats stats) {
        if (stats.unsentBytes() == 0) {
            return null;
        }
        final String line = ByteSize.format(stats.unsentBytes()) + " in " + stats.unsentRecords()
                + " records are not in the store yet, the oldest for "
                + TimeUnit.NANOSECONDS.toSeconds(stats.oldestUnsentAgeNs()) + " s";
        return stats.storeTrouble() == null ? line : line + "; " + stats.storeTrouble();
    }
}

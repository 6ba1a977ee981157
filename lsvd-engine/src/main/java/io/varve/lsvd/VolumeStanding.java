package io.varve.lsvd;

import io.varve.lsvd.format.EpochRecord;
import io.varve.lsvd.format.VolumeSettings;
import io.varve.lsvd.history.History;
import java.util.UUID;

/**
 * How a volume stands that is followed: who writes it, and how far it has come in the store.
 *
 * @param uuid         of the volume.
 * @param sizeBytes    of the disk.
 * @param isWriteCache whether the guest has its write cache on.
 * @param epoch        number of the newest epoch.
 * @param writer       who began it, for people: host and process.
 * @param sinceMs      when, in milliseconds since 1970; for people.
 * @param sequence     of the last object that is known to be in the store with all before it.
 * @param lastRecord   last record of the writer's log that these objects cover.
 * @param isSealed     whether the epoch has ended, so that whoever began it can't write any more.
 * @param isClosed     whether its writer has ended it, with everything in the store.
 * @param isOwn        whether it is the epoch of the log on this host.
 * @param possibleLoss what the epoch's settings say of how much its writer may have acknowledged that is not in the store, in words.
 */
public record VolumeStanding(
        UUID uuid,
        long sizeBytes,
        boolean isWriteCache,
        long epoch,
        String writer,
        long sinceMs,
        long sequence,
        long lastRecord,
        boolean isSealed,
        boolean isClosed,
        boolean isOwn,
        String possibleLoss) {
    static VolumeStanding of(
            final UUID uuid, final History history, final VolumeSettings settings, final boolean isOwn) {
        final EpochRecord newest = history.newest();
        return new VolumeStanding(
                uuid,
                settings.sizeBytes(),
                history.covered().isWriteCache(),
                newest.epoch(),
                newest.openedBy(),
                newest.openedMs(),
                history.nextSequence() - 1,
                history.lastRecord(),
                history.sealedBy() != null,
                history.isClosedByOwner(),
                isOwn,
                VolumeOpener.possibleLoss(newest.settings()));
    }

    /** Whether the volume may be taken without loss: nobody writes it, or whoever did wrote to the log that is here. */
    public boolean isFree() {
        return isClosed || isOwn;
    }

    /** Whether the log on this host may hold what the store lacks. */
    public boolean isUnfinished() {
        return isOwn && !isClosed;
    }
}

package io.varve.lsvd;

import java.util.UUID;

/**
 * What a volume takes of its store, and for what, in bytes. What its log on some host holds beyond that is not counted.
 *
 * <p>All that is stored is one of these: {@link #liveBytes() live}, {@link #garbageBytes() garbage}, {@link #snapshotBytes()
 * snapshots'} or {@link #otherBytes() other}.
 *
 * @param name          of the volume.
 * @param uuid          its identity.
 * @param sizeBytes     of the disk.
 * @param mappedBytes   of the disk that hold data, in whichever volume's objects it is.
 * @param liveBytes     of them, those that are in its own objects; the rest is shared with the volumes that it was cloned from.
 * @param garbageBytes  of its objects that nothing needs: overwritten data, and objects that are about to be deleted.
 * @param snapshotBytes of objects that are kept for snapshots and clones only.
 * @param otherBytes    checkpoints, headers, seals and the like.
 * @param storedBytes   all of it.
 * @param objects       number of objects in the store that are its own, of whatever kind.
 * @param freedBytes    what its removal would give back: all but the seals, or nothing while it has clones.
 * @param clones        number of clones that need it.
 */
public record VolumeUsage(
        String name,
        UUID uuid,
        long sizeBytes,
        long mappedBytes,
        long liveBytes,
        long garbageBytes,
        long snapshotBytes,
        long otherBytes,
        long storedBytes,
        long objects,
        long freedBytes,
        long clones) {}

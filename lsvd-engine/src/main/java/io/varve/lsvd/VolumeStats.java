package io.varve.lsvd;

import io.varve.lsvd.cache.VolumeCacheStats;
import io.varve.lsvd.gc.SpaceStats;

/**
 * Live figures of an open volume, in bytes unless the name says otherwise.
 *
 * @param bytesWritten  written by the guest since the volume was opened.
 * @param logLength     size of the log area.
 * @param logUsed       bytes of the log that may not be overwritten yet.
 * @param unsentBytes   bytes of the log, headers included, that no object in the store covers.
 * @param unsentRecords records that no object in the store covers.
 * @param oldestUnsentAgeNs how long the oldest of them has waited, in nanoseconds; 0 when there is none.
 * @param writtenSequence newest log record that is written, with all before it.
 * @param durableSequence newest log record that is durable, with all before it.
 * @param storedSequence  newest log record that the store holds, with all before it.
 * @param objectsPut    objects put into the store since the volume was opened.
 * @param bytesPut      put into the store since the volume was opened.
 * @param fetches       reads from the store since the volume was opened.
 * @param bytesFetched  read from the store since the volume was opened.
 * @param cache        what the read cache does for the volume.
 * @param space         what the volume takes of the store; null when it is read-only.
 * @param extents       extents in the map.
 * @param mapBytes      memory of the map.
 * @param storeTrouble  why the store did not take the last upload, or null.
 * @param logTrouble    why writes wait until the store has what the log was given, or null.
 * @param agentTrouble  why writes are refused while reads go on, or what an agent of the volume met that nobody foresaw, and tries
 *                      again; or null.
 * @param isFenced      whether another daemon has taken the volume.
 * @param failure       why the volume serves nothing any more, or null.
 */
public record VolumeStats(
        long bytesWritten,
        long logLength,
        long logUsed,
        long unsentBytes,
        long unsentRecords,
        long oldestUnsentAgeNs,
        long writtenSequence,
        long durableSequence,
        long storedSequence,
        long objectsPut,
        long bytesPut,
        long fetches,
        long bytesFetched,
        VolumeCacheStats cache,
        SpaceStats space,
        long extents,
        long mapBytes,
        String storeTrouble,
        String logTrouble,
        String agentTrouble,
        boolean isFenced,
        String failure) {
    /** Of a volume that has not been open. */
    public static final VolumeStats NONE = new VolumeStats(
            0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, VolumeCacheStats.NONE, null, 0, 0, null, null, null, false, null);
}

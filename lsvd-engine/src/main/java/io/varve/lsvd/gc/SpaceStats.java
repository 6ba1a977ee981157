package io.varve.lsvd.gc;

/**
 * What a volume takes of its store, as of its last object; of a clone, without what it shares with its ancestors.
 *
 * @param objects        number of objects, those that are to be deleted included.
 * @param storedBytes    their bytes.
 * @param deadBytes      of them, bytes of objects that the volume does not need any more: to be deleted, or kept for snapshots and clones.
 * @param liveBytes      bytes of data that the volume maps, in its own objects.
 * @param inheritedBytes bytes of data that a clone maps in objects of its ancestors.
 * @param isFlat         whether nothing of the volume as it is needs an object of an ancestor.
 * @param limitBytes     how much may be stored before garbage is collected.
 * @param collectedBytes bytes of objects that garbage collection has made since the volume was opened.
 * @param readBytes      bytes of live data that it has read for that.
 * @param cacheReadBytes bytes that it found in the read cache instead of asking the store, gaps between live data included.
 * @param checkpointBytes bytes of checkpoints put since the volume was opened.
 * @param objectsDeleted number of objects deleted since the volume was opened.
 * @param isPaused       whether garbage collection has been stopped.
 * @param isSwept        whether what earlier epochs may have left behind has been deleted.
 */
public record SpaceStats(
        long objects,
        long storedBytes,
        long deadBytes,
        long liveBytes,
        long inheritedBytes,
        boolean isFlat,
        long limitBytes,
        long collectedBytes,
        long readBytes,
        long cacheReadBytes,
        long checkpointBytes,
        long objectsDeleted,
        boolean isPaused,
        boolean isSwept) {
    /** The same, stopped or not. */
    public SpaceStats withPaused(final boolean value) {
        return new SpaceStats(
                objects,
                storedBytes,
                deadBytes,
                liveBytes,
                inheritedBytes,
                isFlat,
                limitBytes,
                collectedBytes,
                readBytes,
                cacheReadBytes,
                checkpointBytes,
                objectsDeleted,
                value,
                isSwept);
    }

    /** Bytes of what is stored that hold nothing that the volume maps; headers and checkpoints among them. */
    public long garbageBytes() {
        return storedBytes - liveBytes;
    }
}

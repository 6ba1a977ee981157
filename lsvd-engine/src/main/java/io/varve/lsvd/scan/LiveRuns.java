package io.varve.lsvd.scan;

import io.varve.lsvd.format.ExtentEntry;
import io.varve.lsvd.format.ObjectHeader;
import io.varve.lsvd.map.ExtentMap;
import io.varve.lsvd.map.Location;

/** Which of an object's data blocks an extent map means. */
public final class LiveRuns {
    private LiveRuns() {}

    /** Receives runs. */
    @FunctionalInterface
    public interface Visitor {
        /**
         * A run of blocks that is in the object, and nowhere newer.
         *
         * @param block     its first block of the volume.
         * @param length    in blocks.
         * @param dataBlock index of its first data block in the object.
         */
        void onRun(long block, int length, int dataBlock);
    }

    /**
     * Tells the runs of an object in the order of its data.
     *
     * @param header of a data object, valid.
     * @return their length in blocks.
     */
    public static long forEach(final ObjectHeader header, final ExtentMap map, final Visitor visitor) {
        long live = 0;
        for (int i = 0, n = header.extentCount(); i < n; i++) {
            if (header.extentKind(i) == ExtentEntry.DATA) {
                live += forEach(header, i, map, visitor);
            }
        }
        return live;
    }

    private static long forEach(
            final ObjectHeader header, final int extent, final ExtentMap map, final Visitor visitor) {
        return forEach(
                map,
                header.extentBlock(extent),
                header.extentLength(extent),
                Location.inObject(header.sequence(), header.extentDataBlock(extent)),
                visitor);
    }

    /**
     * Tells those parts of a run that are mapped to a location and on, in step with the run.
     *
     * @param first location of the run's first block in an object.
     * @return their length in blocks.
     */
    public static long forEach(
            final ExtentMap map, final long block, final long length, final long first, final Visitor visitor) {
        final long end = block + length;
        long live = 0;
        long at = block;
        while (at < end && map.find(at) && map.foundBlock() < end) {
            final long start = Math.max(map.foundBlock(), at);
            final long stop = Math.min(map.foundBlock() + map.foundLength(), end);
            final long location = first + (start - block);
            if (map.foundLocation() + (start - map.foundBlock()) == location) {
                visitor.onRun(start, (int) (stop - start), Location.block(location));
                live += stop - start;
            }
            at = stop;
        }
        return live;
    }
}

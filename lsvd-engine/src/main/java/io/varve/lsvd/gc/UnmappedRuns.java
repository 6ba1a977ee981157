package io.varve.lsvd.gc;

import io.varve.lsvd.map.ExtentMap;

/** Which parts of a run of blocks a map does not have. */
final class UnmappedRuns {
    private UnmappedRuns() {}

    /** Is told runs in ascending order. */
    @FunctionalInterface
    interface Sink {
        void run(long block, long length, long location);
    }

    /** Tells those parts of a run that are not mapped at all. */
    static void find(final ExtentMap map, final long block, final long length, final long location, final Sink sink) {
        final long end = block + length;
        long at = block;
        while (at < end) {
            final boolean isMapped = map.find(at) && map.foundBlock() < end;
            final long stop = isMapped ? Math.max(at, map.foundBlock()) : end;
            if (stop > at) {
                sink.run(at, stop - at, location + (at - block));
            }
            at = isMapped ? map.foundBlock() + map.foundLength() : end;
        }
    }
}

package io.varve.lsvd.map;

import io.varve.lsvd.format.Blocks;

/** Tells which parts of a range of a disk are mapped, a bounded piece at a time. */
public final class MappedParts {
    /** Most extents that are looked at in one call. */
    public static final int MAX_EXTENTS = 1024;

    /** Takes the parts, in order. */
    @FunctionalInterface
    public interface Listener {
        /**
         * The next part.
         *
         * @param length   in bytes, above 0. It begins where the last one ended, which may have been mapped alike.
         * @param isMapped whether it holds data.
         * @return whether there was room for it; if not, it was the last.
         */
        boolean onPart(long length, boolean isMapped);
    }

    private MappedParts() {}

    /**
     * Tells of the beginning of a range, and of all of it unless it has too many extents or the listener no room. A block of
     * which a part was written is mapped.
     *
     * @param offset   in bytes, at least 0.
     * @param length   in bytes, above 0.
     * @param listener must not use the map.
     */
    public static void tell(final ExtentMap map, final long offset, final long length, final Listener listener) {
        final long end = offset + length;
        long at = offset;
        for (int i = 0; i < MAX_EXTENTS && at < end; i++) {
            final boolean isFound = map.find(at / Blocks.SIZE);
            final long from = isFound ? Math.min(end, map.foundBlock() * Blocks.SIZE) : end;
            final long to = isFound ? Math.min(end, (map.foundBlock() + map.foundLength()) * Blocks.SIZE) : end;
            if (from > at && !listener.onPart(from - at, false)) {
                return;
            }
            at = Math.max(at, from);
            if (to > at && !listener.onPart(to - at, true)) {
                return;
            }
            at = Math.max(at, to);
        }
    }
}

package io.varve.lsvd.gc;

import io.varve.lsvd.cache.CacheLine;
import io.varve.lsvd.cache.VolumeCache;
import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.format.ObjectHeader;
import io.varve.lsvd.map.Location;
import io.varve.lsvd.stored.ObjectLayout;
import java.lang.foreign.MemorySegment;

/**
 * Keeps in the read cache what it held before collection moved it: a line of the output is put in when at least half of it was
 * there under its old location. What is cold stays cold.
 */
final class CollectedLines {
    private CollectedLines() {}

    /** Hands over what is worth it of an object that is in the store, as far as the cache takes it without waiting. */
    static void keep(final VolumeCache cache, final ObjectLayout layout, final MemorySegment bytes) {
        final int count = layout.blockCount();
        final boolean[] isCached = new boolean[count];
        for (int i = 0; i < layout.extentCount(); i++) {
            for (int done = 0; done < layout.length(i); ) {
                final long source = layout.source(i) + done;
                final int run = cache.cachedRun(source, layout.length(i) - done);
                for (int j = 0; j < run; j++) {
                    isCached[layout.dataBlock(i) + done + j] = true;
                }
                done += Math.max(1, run);
            }
        }
        final ObjectHeader header = new ObjectHeader(bytes);
        final int[] crcs = new int[count];
        for (int i = 0; i < count; i++) {
            crcs[i] = header.blockCrc(i);
        }
        for (int first = 0; first < count; first += CacheLine.BLOCKS) {
            final int blocks = Math.min(CacheLine.BLOCKS, count - first);
            int cached = 0;
            for (int i = first; i < first + blocks; i++) {
                cached += isCached[i] ? 1 : 0;
            }
            if (2 * cached >= blocks) {
                final long data = bytes.address() + header.headerLength() + ((long) first << Blocks.SHIFT);
                cache.offer(Location.inObject(layout.sequence(), first), blocks, 0, data, crcs, first);
            }
        }
    }
}

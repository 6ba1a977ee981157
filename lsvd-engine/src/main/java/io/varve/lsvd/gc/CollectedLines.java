package io.varve.lsvd.gc;

import io.varve.lsvd.cache.CacheLine;
import io.varve.lsvd.cache.VolumeCache;
import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.format.FormatException;
import io.varve.lsvd.format.ObjectHeader;
import io.varve.lsvd.map.Location;
import io.varve.lsvd.objects.ObjectIndex;
import io.varve.lsvd.objects.ObjectReader;
import io.varve.lsvd.stored.ObjectLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.BitSet;

/**
 * Keeps in the read cache what it held before collection moved it: a line of the output is put in when at least half of it was
 * there under its old location. What is cold stays cold.
 */
final class CollectedLines {
    private CollectedLines() {}

    /** Hands over what is worth it of an object that is in the store, as far as the cache takes it without waiting. */
    static void keep(
            final VolumeCache cache, final ObjectLayout layout, final MemorySegment bytes, final ObjectReader reader) {
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
        final ObjectIndex index = index(bytes, reader);
        if (index == null) {
            return;
        }
        final MemorySegment line = Arena.ofAuto().allocate(CacheLine.LENGTH, Blocks.SIZE);
        final BitSet good = new BitSet();
        for (int first = 0; first < count; first += CacheLine.BLOCKS) {
            final int blocks = Math.min(CacheLine.BLOCKS, count - first);
            int cached = 0;
            for (int i = first; i < first + blocks; i++) {
                cached += isCached[i] ? 1 : 0;
            }
            if (2 * cached >= blocks) {
                final int end = first + blocks;
                reader.decode(index, first, end, bytes.asSlice(index.offset(first)), line, good);
                if (good.nextClearBit(first) < end) {
                    continue;
                }
                cache.offer(
                        Location.inObject(layout.sequence(), first),
                        blocks,
                        0,
                        line.address(),
                        index.blockCrcs(),
                        first);
            }
        }
    }

    /** The object is read as it is stored: its table may be encrypted. Null when it can't be, which is no harm. */
    private static ObjectIndex index(final MemorySegment bytes, final ObjectReader reader) {
        final long length = new ObjectHeader(bytes).headerLength();
        final ObjectHeader header =
                new ObjectHeader(Arena.ofAuto().allocate(length, Long.BYTES).copyFrom(bytes.asSlice(0, length)));
        try {
            ObjectReader.validate(
                    header, "a collected object", header.volume(), header.epoch(), header.sequence(), reader.keys());
            return ObjectIndex.ofData("a collected object", header);
        } catch (final FormatException e) {
            return null;
        }
    }
}

package io.varve.lsvd.hot;

import io.varve.lsvd.cache.CacheLine;
import io.varve.lsvd.format.HotSet;
import io.varve.lsvd.history.ObjectTable;
import io.varve.lsvd.map.ExtentMap;
import io.varve.lsvd.map.Location;
import java.util.Arrays;
import org.agrona.collections.LongArrayList;
import org.agrona.collections.LongHashSet;

/**
 * Finds out, a part of the map at a time, which lines of a hot set the volume still needs, and which lines hold what was written
 * lately. What the map does not name is not asked for, whatever the set says. One thread's.
 */
final class HotScan {
    private static final int EXTENTS_A_STEP = 1 << 14;

    /** Greatest number of lines of each kind. */
    private static final int MAX_LINES = HotLines.MAX_LINES;

    private final long recentFrom;
    private final LongHashSet hot = new LongHashSet();
    private final LongArrayList hotInOrder = new LongArrayList();
    private final LongHashSet needed = new LongHashSet();
    private final LongArrayList recent = new LongArrayList();
    private long block;
    private long lastSequence = -1;
    private boolean isLastRecent;

    /** Begins to look; of what a set names that often, the first {@value #MAX_LINES} count. */
    HotScan(final HotSet set) {
        recentFrom = set.recentFrom();
        int left = MAX_LINES;
        for (int i = 0; i < set.lines().length && left > 0; i++) {
            final int count = Math.min(set.counts()[i], left);
            for (long line = set.lines()[i]; line < set.lines()[i] + count; line++) {
                if (hot.add(line)) {
                    hotInOrder.addLong(line);
                }
            }
            left -= count;
        }
    }

    /** Looks at the next {@value #EXTENTS_A_STEP} extents; whether that were the last. */
    boolean step(final ExtentMap map, final ObjectTable objects) {
        for (int i = 0; i < EXTENTS_A_STEP; i++) {
            if (!map.find(block)) {
                return true;
            }
            block = map.foundBlock() + map.foundLength();
            final long location = map.foundLocation();
            final long last = CacheLine.of(location + map.foundLength() - 1);
            final boolean isRecent = isRecent(Location.sequence(location), objects);
            for (long line = CacheLine.of(location); line <= last; line++) {
                if (hot.contains(line)) {
                    needed.add(line);
                } else if (isRecent && recent.size() < MAX_LINES && needed.add(line)) {
                    recent.addLong(line);
                }
            }
        }
        return false;
    }

    /** What was collected is not new. */
    private boolean isRecent(final long sequence, final ObjectTable objects) {
        if (sequence != lastSequence) {
            final int index = sequence < recentFrom ? -1 : objects.find(sequence);
            lastSequence = sequence;
            isLastRecent = index >= 0 && objects.generation(index) == 0;
        }
        return isLastRecent;
    }

    /** The lines that are needed, of the hot ones: in the set's order. */
    long[] hot() {
        hotInOrder.removeIfLong(line -> !needed.contains(line));
        return hotInOrder.toLongArray();
    }

    /** The lines that were written lately: the newest objects first. */
    long[] recent() {
        final long[] ascending = recent.toLongArray();
        Arrays.sort(ascending);
        final long[] lines = new long[ascending.length];
        int at = 0;
        for (int to = ascending.length; to > 0; ) {
            int from = to - 1;
            while (from > 0 && CacheLine.sequence(ascending[from - 1]) == CacheLine.sequence(ascending[from])) {
                from--;
            }
            System.arraycopy(ascending, from, lines, at, to - from);
            at += to - from;
            to = from;
        }
        return lines;
    }
}

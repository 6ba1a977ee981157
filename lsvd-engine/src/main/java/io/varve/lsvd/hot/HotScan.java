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

    private final HotSet set;
    private final int maxLines;
    private final LongHashSet hot = new LongHashSet();
    private final LongHashSet needed = new LongHashSet();
    private final LongArrayList recent = new LongArrayList();
    private long block;
    private long lastSequence = -1;
    private boolean isLastRecent;

    /** Begins to look; for so many lines at most. */
    HotScan(final HotSet set, final int maxLines) {
        this.set = set;
        this.maxLines = maxLines;
        for (int i = 0; i < set.lines().length && hot.size() < maxLines; i++) {
            final int count = Math.min(set.counts()[i], maxLines - hot.size());
            for (int j = 0; j < count; j++) {
                hot.add(set.lines()[i] + j);
            }
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
                } else if (isRecent && recent.size() < maxLines && needed.add(line)) {
                    recent.addLong(line);
                }
            }
        }
        return false;
    }

    /** What was collected is not new. */
    private boolean isRecent(final long sequence, final ObjectTable objects) {
        if (sequence != lastSequence) {
            final int index = sequence < set.recentFrom() ? -1 : objects.find(sequence);
            lastSequence = sequence;
            isLastRecent = index >= 0 && objects.generation(index) == 0;
        }
        return isLastRecent;
    }

    /** The lines that are needed: the hot ones as the set has them. */
    long[] hot() {
        final LongArrayList lines = new LongArrayList();
        for (int i = 0; i < set.lines().length && lines.size() < maxLines; i++) {
            for (int j = 0; j < set.counts()[i] && lines.size() < maxLines; j++) {
                if (hot.remove(set.lines()[i] + j) && needed.contains(set.lines()[i] + j)) {
                    lines.addLong(set.lines()[i] + j);
                }
            }
        }
        return lines.toLongArray();
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

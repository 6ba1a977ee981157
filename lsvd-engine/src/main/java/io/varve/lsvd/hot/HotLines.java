package io.varve.lsvd.hot;

import io.varve.lsvd.cache.CacheLine;
import io.varve.lsvd.cache.VolumeCache;
import io.varve.lsvd.format.HotSet;
import java.util.Arrays;
import java.util.UUID;
import org.agrona.collections.LongArrayList;

/** Gathers lines by their heat: at most {@value #MAX_LINES}, and where there are more, those that are hotter. */
final class HotLines {
    /** Greatest number of lines that are told or prefetched: 16 GiB. */
    static final int MAX_LINES = 1 << 18;

    private final LongArrayList[] byHeat = new LongArrayList[VolumeCache.HEATS];
    private int size;

    HotLines() {
        Arrays.setAll(byHeat, heat -> new LongArrayList());
    }

    /** Adds a line. */
    void add(final long line, final int heat) {
        if (size < MAX_LINES) {
            size++;
        } else if (!dropColder(heat)) {
            return;
        }
        byHeat[heat].addLong(line);
    }

    private boolean dropColder(final int heat) {
        for (int colder = 0; colder < heat; colder++) {
            if (!byHeat[colder].isEmpty()) {
                byHeat[colder].popLong();
                return true;
            }
        }
        return false;
    }

    /** Makes a set of them, the hottest first, those of one heat by object; what does not fit is the coldest. */
    HotSet toHotSet(final UUID volume, final long epoch, final long recentFrom) {
        final long[] first = new long[HotSet.MAX_RUNS];
        final int[] counts = new int[HotSet.MAX_RUNS];
        int runs = 0;
        for (int heat = byHeat.length - 1; heat >= 0; heat--) {
            final long[] lines = byHeat[heat].toLongArray();
            Arrays.sort(lines);
            int from = 0;
            while (from < lines.length && runs < HotSet.MAX_RUNS) {
                int to = from + 1;
                while (to < lines.length && continues(lines[to - 1], lines[to])) {
                    to++;
                }
                first[runs] = lines[from];
                counts[runs] = (int) (lines[to - 1] - lines[from]) + 1;
                runs++;
                from = to;
            }
        }
        return new HotSet(volume, epoch, recentFrom, Arrays.copyOf(first, runs), Arrays.copyOf(counts, runs));
    }

    /** A line may have been told twice. */
    private static boolean continues(final long line, final long next) {
        return next - line <= 1 && CacheLine.sequence(line) == CacheLine.sequence(next);
    }
}

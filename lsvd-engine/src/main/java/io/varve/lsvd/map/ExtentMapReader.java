package io.varve.lsvd.map;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Looks blocks up in an {@link ExtentMap} that another thread changes meanwhile, without a lock and without that thread's noticing.
 * One thread, whose own the reader is; the map must stay open.
 *
 * <p>A look-up counts when the map's version, even before it, is the same behind it: then it has seen one state of the map, which stood at some
 * time between call and return. Until that is known, everything it comes across may be rubbish: numbers of nodes, counts, the height. So
 * each is checked before it is used, every walk has an end, and nothing is thrown. After {@value #MAX_TRIES} tries it is left undecided.
 *
 * <p>A change that happened before the call, as the memory model has it, is seen.
 */
public final class ExtentMapReader {
    private static final int MAX_TRIES = 8;

    private final ExtentMap map;
    private final NodePool pool;
    private final int[] pathNode = new int[ExtentMap.MAX_HEIGHT];
    private final int[] pathIndex = new int[ExtentMap.MAX_HEIGHT];
    private MemorySegment segment;
    private long base;
    private int count;
    private boolean isMapped;
    private long location;
    private long run;

    /** Makes a reader of a map. */
    public ExtentMapReader(final ExtentMap map) {
        this.map = map;
        pool = map.pool();
    }

    /**
     * Looks a block up; {@link #isMapped()} and its siblings then tell of it.
     *
     * @return false when that is undecided, since the map changed all the time.
     */
    public boolean find(final long block) {
        for (int i = 0; i < MAX_TRIES; i++) {
            final long version = map.version();
            if ((version & 1) == 0 && look(block) && map.isStill(version)) {
                return true;
            }
            Thread.onSpinWait();
        }
        return false;
    }

    /** Whether the block that was looked up is mapped. */
    public boolean isMapped() {
        return isMapped;
    }

    /** Location of the block that was looked up, if it is mapped. */
    public long location() {
        return location;
    }

    /** Number of blocks, from that one on, that follow each other where it is, or are not mapped as it is not. */
    public long run() {
        return run;
    }

    /** Follows {@link ExtentMap#find}; false when it came across something that can't be. */
    private boolean look(final long block) {
        final int height = map.height();
        int node = map.root();
        if (height < 0 || height > ExtentMap.MAX_HEIGHT) {
            return false;
        }
        for (int level = 0; level < height; level++) {
            if (!enterInner(node)) {
                return false;
            }
            pathNode[level] = node;
            pathIndex[level] = floor(1, 0, block);
            node = child(pathIndex[level]);
        }
        if (!enterLeaf(node)) {
            return false;
        }
        final int at = floor(0, ExtentMap.LENGTH_BITS, block);
        if (at >= 0) {
            return covers(at, block) || (at + 1 < count ? gapBefore(at + 1, block) : gapBeforeNextLeaf(height, block));
        }
        final boolean isEmpty = count == 0;
        final long next = isEmpty ? 0 : ExtentMap.startOf(word(0));
        if (moveToLeaf(height, false)) {
            if (count > 0 && covers(count - 1, block)) {
                return true;
            }
        } else if (segment == null) {
            return false;
        }
        return isEmpty ? height == 0 && gap(Long.MAX_VALUE) : gap(next - block);
    }

    private boolean gapBeforeNextLeaf(final int height, final long block) {
        if (moveToLeaf(height, true)) {
            return count > 0 && gapBefore(0, block);
        }
        return segment != null && gap(Long.MAX_VALUE);
    }

    /**
     * Enters the leaf behind that of the path, or the one before it.
     *
     * @return false when there is none, or, and then there is no {@link #segment}, something can't be.
     */
    private boolean moveToLeaf(final int height, final boolean isForward) {
        int level = height - 1;
        while (level >= 0) {
            if (!enterInner(pathNode[level])) {
                return false;
            }
            final int to = pathIndex[level] + (isForward ? 1 : -1);
            if (to >= 0 && to < count) {
                int node = child(to);
                for (int below = level + 1; below < height; below++) {
                    if (!enterInner(node)) {
                        return false;
                    }
                    node = child(isForward ? 0 : count - 1);
                }
                return enterLeaf(node);
            }
            level--;
        }
        return false;
    }

    private boolean covers(final int at, final long block) {
        final long key = word(at);
        final long skip = block - ExtentMap.startOf(key);
        if (skip < 0 || skip >= ExtentMap.lengthOf(key)) {
            return false;
        }
        isMapped = true;
        location = segment.get(ValueLayout.JAVA_LONG, base + ExtentMap.LEAF_LOCATIONS + (long) at * Long.BYTES) + skip;
        run = ExtentMap.lengthOf(key) - skip;
        return true;
    }

    private boolean gapBefore(final int at, final long block) {
        return gap(ExtentMap.startOf(word(at)) - block);
    }

    private boolean gap(final long blocks) {
        isMapped = false;
        run = blocks;
        return blocks > 0;
    }

    private boolean enterInner(final int node) {
        return enter(node, 1, ExtentMap.INNER_CAPACITY);
    }

    private boolean enterLeaf(final int node) {
        return enter(node, 0, ExtentMap.LEAF_CAPACITY);
    }

    private boolean enter(final int node, final int least, final int most) {
        segment = pool.segmentIfAny(node);
        base = NodePool.offset(node);
        count = pool.countIfAny(node);
        if (segment == null || count < least || count > most) {
            segment = null;
            return false;
        }
        return true;
    }

    /** The last word at or behind {@code first}, shifted to the right, that is not above a block; {@code first - 1} when all are. */
    private int floor(final int first, final int shift, final long block) {
        int low = first;
        int high = count - 1;
        while (low <= high) {
            final int middle = low + high >>> 1;
            if (word(middle) >>> shift <= block) {
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        return high;
    }

    private long word(final int at) {
        return segment.get(ValueLayout.JAVA_LONG, base + (long) at * Long.BYTES);
    }

    private int child(final int at) {
        return segment.get(ValueLayout.JAVA_INT, base + ExtentMap.INNER_CHILDREN + (long) at * Integer.BYTES);
    }
}

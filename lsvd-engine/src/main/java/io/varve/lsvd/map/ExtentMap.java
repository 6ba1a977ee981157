package io.varve.lsvd.map;

import io.varve.lsvd.format.Blocks;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * A map from blocks of a volume to {@link Location}s, kept as disjoint extents in a B+ tree outside the heap.
 *
 * <p>An extent takes 16 bytes in a leaf, about 24 at the fill that random insertion leads to. Look-ups and updates allocate
 * nothing, except for a chunk of 256 KiB when the tree has grown by so much. Blocks that are not mapped read as zeros. One
 * thread; others look up through an {@link ExtentMapReader} of their own, optimistically: a version, odd while the map changes, tells
 * them whether they have seen one state of it.
 *
 * <p>A leaf holds keys (first block and length in one word), then locations. An inner node holds the lower bounds of its
 * children, then their numbers; the first bound counts as minus infinity.
 */
public final class ExtentMap implements AutoCloseable {
    /** Greatest length of one extent, in blocks; longer ones are kept as several. */
    public static final int MAX_EXTENT_BLOCKS = 1 << 24;

    /** Number of blocks that can be mapped. */
    public static final long MAX_BLOCKS = Blocks.MAX_COUNT;

    static final int LENGTH_BITS = 24;
    static final int LEAF_CAPACITY = 64;
    static final int LEAF_LOCATIONS = LEAF_CAPACITY * Long.BYTES;
    static final int INNER_CAPACITY = 84;
    static final int INNER_CHILDREN = INNER_CAPACITY * Long.BYTES;
    static final int MAX_HEIGHT = 12;

    private static final int LENGTH_MASK = MAX_EXTENT_BLOCKS - 1;
    private static final int SPARSE_LEAF = LEAF_CAPACITY / 4;
    private static final int MERGED_LEAF = LEAF_CAPACITY * 3 / 4;
    private static final VarHandle VERSION;

    static {
        try {
            VERSION = MethodHandles.lookup().findVarHandle(ExtentMap.class, "version", long.class);
        } catch (final ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final NodePool pool = new NodePool();
    private final int[] pathNode = new int[MAX_HEIGHT];
    private final int[] pathIndex = new int[MAX_HEIGHT];
    private long version;
    private int root;
    private int height;
    private long extents;
    private long mappedBlocks;
    private int leaf;
    private int index;
    private long foundBlock;
    private int foundLength;
    private long foundLocation;

    /** Makes an empty map. */
    public ExtentMap() {
        root = pool.allocate();
    }

    /**
     * Finds the extent that contains a block, or else the first one behind it; {@link #foundBlock()} and its siblings then
     * tell of it.
     *
     * @return false when nothing is mapped from {@code block} on.
     */
    public boolean find(final long block) {
        seekFloor(block);
        if (index >= 0 && startOf(key(leaf, index)) + lengthOf(key(leaf, index)) > block) {
            return found();
        }
        return advance() && found();
    }

    /** First block of the extent found. */
    public long foundBlock() {
        return foundBlock;
    }

    /** Length in blocks of the extent found. */
    public int foundLength() {
        return foundLength;
    }

    /** Location of the first block of the extent found. */
    public long foundLocation() {
        return foundLocation;
    }

    /** Maps a run of blocks, in place of whatever was mapped there. */
    public void put(final long block, final long length, final long location) {
        checkRange(block, length);
        beginChange();
        if (length > MAX_EXTENT_BLOCKS || !putInLeaf(block, (int) length, location)) {
            unmap(block, length);
            insertAll(block, length, location);
        }
        endChange();
    }

    private void insertAll(final long block, final long length, final long location) {
        long done = 0;
        while (done < length) {
            final int piece = (int) Math.min(length - done, MAX_EXTENT_BLOCKS);
            insert(block + done, piece, location + done);
            done += piece;
        }
    }

    /**
     * Maps a run of blocks behind all that is mapped; much faster than {@link #put} for loading extents in ascending order.
     *
     * @param length at most {@link #MAX_EXTENT_BLOCKS}.
     * @throws IllegalArgumentException when it is not behind all that is mapped.
     */
    public void append(final long block, final int length, final long location) {
        checkRange(block, length);
        descendToLast();
        int count = pool.count(leaf);
        if (count > 0) {
            final long last = key(leaf, count - 1);
            if (startOf(last) + lengthOf(last) > block) {
                throw new IllegalArgumentException("block " + block + " is not behind all that is mapped");
            }
        }
        beginChange();
        if (count == LEAF_CAPACITY) {
            splitLeaf(LEAF_CAPACITY);
            descendToLast();
            count = pool.count(leaf);
        }
        setKey(leaf, count, pack(block, length));
        setLocation(leaf, count, location);
        pool.count(leaf, count + 1);
        extents++;
        mappedBlocks += length;
        endChange();
    }

    /** A map of its own with the same contents. */
    public ExtentMap copy() {
        final ExtentMap copy = new ExtentMap();
        copy.pool.copyFrom(pool);
        copy.root = root;
        copy.height = height;
        copy.extents = extents;
        copy.mappedBlocks = mappedBlocks;
        return copy;
    }

    /** Unmaps everything. */
    public void clear() {
        beginChange();
        pool.clear();
        root = pool.allocate();
        height = 0;
        extents = 0;
        mappedBlocks = 0;
        endChange();
    }

    /** Unmaps a run of blocks. */
    public void remove(final long block, final long length) {
        checkRange(block, length);
        beginChange();
        unmap(block, length);
        endChange();
    }

    private void unmap(final long block, final long length) {
        final long end = block + length;
        seekFloor(block);
        if (index >= 0) {
            final long key = key(leaf, index);
            final long start = startOf(key);
            final long extentEnd = start + lengthOf(key);
            if (start < block && extentEnd > block) {
                final long location = location(leaf, index);
                setKey(leaf, index, pack(start, (int) (block - start)));
                mappedBlocks -= extentEnd - block;
                if (extentEnd > end) {
                    insert(end, (int) (extentEnd - end), location + (end - start));
                    return;
                }
            }
        }
        while (seekCeiling(block) && startOf(key(leaf, index)) < end) {
            final int first = index;
            final int count = pool.count(leaf);
            int last = first;
            while (last < count && startOf(key(leaf, last)) + lengthOf(key(leaf, last)) <= end) {
                mappedBlocks -= lengthOf(key(leaf, last));
                last++;
            }
            if (last == first) {
                final long key = key(leaf, first);
                final int cut = (int) (end - startOf(key));
                final long location = location(leaf, first);
                mappedBlocks -= lengthOf(key);
                removeEntries(first, first + 1);
                // Not trimmed in place: its new start may belong into a later leaf.
                insert(end, lengthOf(key) - cut, location + cut);
                return;
            }
            removeEntries(first, last);
        }
    }

    /**
     * Says that data has moved: whatever of a run is still mapped to where it came from is mapped to where it went.
     *
     * @return number of blocks that have been moved.
     */
    public long relocate(final long block, final long length, final long from, final long to) {
        final long end = block + length;
        long position = block;
        long moved = 0;
        while (position < end && find(position) && foundBlock < end) {
            final long start = Math.max(foundBlock, block);
            final long stop = Math.min(foundBlock + foundLength, end);
            if (foundLocation + (start - foundBlock) == from + (start - block)) {
                if (start == foundBlock && stop == foundBlock + foundLength) {
                    beginChange();
                    setLocation(leaf, index, to + (start - block));
                    endChange();
                } else {
                    put(start, stop - start, to + (start - block));
                }
                moved += stop - start;
            }
            position = stop;
        }
        return moved;
    }

    /** Number of extents. */
    public long extentCount() {
        return extents;
    }

    /** Number of blocks that are mapped. */
    public long mappedBlocks() {
        return mappedBlocks;
    }

    /** Memory in use outside the heap, in bytes. */
    public long bytesInUse() {
        return pool.bytesInUse();
    }

    /** Frees the map. */
    @Override
    public void close() {
        pool.close();
    }

    /** The version, to be given to {@link #isStill} after the map has been looked at; odd while it changes. Any thread. */
    long version() {
        return (long) VERSION.getAcquire(this);
    }

    /** Whether nothing has changed since a version was asked for. Any thread. */
    boolean isStill(final long since) {
        VarHandle.loadLoadFence();
        return (long) VERSION.getOpaque(this) == since;
    }

    NodePool pool() {
        return pool;
    }

    int root() {
        return root;
    }

    int height() {
        return height;
    }

    /** What is written behind this is not seen without the odd version. */
    private void beginChange() {
        VERSION.setOpaque(this, version + 1);
        VarHandle.storeStoreFence();
    }

    private void endChange() {
        VERSION.setRelease(this, version + 1);
    }

    private static void checkRange(final long block, final long length) {
        if (block < 0 || length < 0 || length > MAX_BLOCKS - block) {
            throw new IllegalArgumentException("blocks " + block + " + " + length + " cannot be mapped");
        }
    }

    private boolean found() {
        final long key = key(leaf, index);
        foundBlock = startOf(key);
        foundLength = lengthOf(key);
        foundLocation = location(leaf, index);
        return true;
    }

    /** Moves to the last extent that starts at or before a block; index is -1 in the first leaf when there is none. */
    private void seekFloor(final long block) {
        descend(block);
        index = floorInLeaf(block);
        if (index < 0) {
            retreat();
        }
    }

    /** Moves to the first extent that starts at or behind a block. */
    private boolean seekCeiling(final long block) {
        descend(block);
        index = floorInLeaf(block);
        if (index >= 0 && startOf(key(leaf, index)) == block) {
            return true;
        }
        return advance();
    }

    private void descend(final long block) {
        int node = root;
        for (int level = 0; level < height; level++) {
            final int child = floorInInner(node, block);
            pathNode[level] = node;
            pathIndex[level] = child;
            node = child(node, child);
        }
        leaf = node;
    }

    private void descendToLast() {
        int node = root;
        for (int level = 0; level < height; level++) {
            final int last = pool.count(node) - 1;
            pathNode[level] = node;
            pathIndex[level] = last;
            node = child(node, last);
        }
        leaf = node;
    }

    private boolean advance() {
        if (index + 1 < pool.count(leaf)) {
            index++;
            return true;
        }
        int level = height - 1;
        while (level >= 0 && pathIndex[level] + 1 >= pool.count(pathNode[level])) {
            level--;
        }
        if (level < 0) {
            return false;
        }
        pathIndex[level]++;
        int node = child(pathNode[level], pathIndex[level]);
        for (int below = level + 1; below < height; below++) {
            pathNode[below] = node;
            pathIndex[below] = 0;
            node = child(node, 0);
        }
        leaf = node;
        index = 0;
        return true;
    }

    /** Moves from before the first entry of a leaf to the last of the leaf before; stays at -1 in the first leaf. */
    private void retreat() {
        int level = height - 1;
        while (level >= 0 && pathIndex[level] == 0) {
            level--;
        }
        if (level < 0) {
            return;
        }
        pathIndex[level]--;
        int node = child(pathNode[level], pathIndex[level]);
        for (int below = level + 1; below < height; below++) {
            pathNode[below] = node;
            pathIndex[below] = pool.count(node) - 1;
            node = child(node, pathIndex[below]);
        }
        leaf = node;
        index = pool.count(node) - 1;
    }

    /**
     * The common cases of {@link #put}, with one descent: an extent that takes the place of another of the same bounds, or
     * that falls into a gap between two of the same leaf. Returns false, with nothing done, in any other case.
     */
    private boolean putInLeaf(final long block, final int length, final long location) {
        descend(block);
        final int floor = floorInLeaf(block);
        if (floor < 0) {
            return false;
        }
        final long before = key(leaf, floor);
        if (before == pack(block, length)) {
            setLocation(leaf, floor, location);
            return true;
        }
        if (startOf(before) + lengthOf(before) > block
                || floor + 1 == pool.count(leaf)
                || startOf(key(leaf, floor + 1)) < block + length) {
            return false;
        }
        insertInLeaf(floor + 1, block, length, location);
        return true;
    }

    /** Inserts an extent into a gap. */
    private void insert(final long block, final int length, final long location) {
        descend(block);
        insertInLeaf(floorInLeaf(block) + 1, block, length, location);
    }

    /** Inserts an extent at a place of the current leaf, merged with its neighbours in the leaf where it continues them. */
    private void insertInLeaf(final int place, final long block, final int length, final long location) {
        mappedBlocks += length;
        int at = place;
        if (at > 0) {
            final long before = key(leaf, at - 1);
            if (startOf(before) + lengthOf(before) == block
                    && location(leaf, at - 1) + lengthOf(before) == location
                    && lengthOf(before) + length <= MAX_EXTENT_BLOCKS) {
                setKey(leaf, at - 1, pack(startOf(before), lengthOf(before) + length));
                return;
            }
        }
        if (at < pool.count(leaf)) {
            final long behind = key(leaf, at);
            if (startOf(behind) == block + length
                    && location(leaf, at) == location + length
                    && lengthOf(behind) + length <= MAX_EXTENT_BLOCKS) {
                setKey(leaf, at, pack(block, lengthOf(behind) + length));
                setLocation(leaf, at, location);
                return;
            }
        }
        if (pool.count(leaf) == LEAF_CAPACITY) {
            splitLeaf(at);
            descend(block);
            at = floorInLeaf(block) + 1;
        }
        final int count = pool.count(leaf);
        move(leaf, at, leaf, at + 1, count - at);
        setKey(leaf, at, pack(block, length));
        setLocation(leaf, at, location);
        pool.count(leaf, count + 1);
        extents++;
    }

    /** Splits the current leaf; where entries arrive in ascending order, the left one stays full. */
    private void splitLeaf(final int at) {
        final int kept = at == LEAF_CAPACITY ? LEAF_CAPACITY - 1 : LEAF_CAPACITY / 2;
        final int right = pool.allocate();
        move(leaf, kept, right, 0, LEAF_CAPACITY - kept);
        pool.count(leaf, kept);
        pool.count(right, LEAF_CAPACITY - kept);
        insertChild(height - 1, startOf(key(right, 0)), right);
    }

    private void insertChild(final int level, final long bound, final int node) {
        if (level < 0) {
            growRoot(bound, node);
            return;
        }
        int parent = pathNode[level];
        int at = pathIndex[level] + 1;
        if (pool.count(parent) == INNER_CAPACITY) {
            final int kept = at == INNER_CAPACITY ? INNER_CAPACITY - 1 : INNER_CAPACITY / 2;
            final int right = pool.allocate();
            moveChildren(parent, kept, right, 0, INNER_CAPACITY - kept);
            pool.count(parent, kept);
            pool.count(right, INNER_CAPACITY - kept);
            insertChild(level - 1, bound(right, 0), right);
            if (at > kept) {
                parent = right;
                at -= kept;
            }
        }
        final int count = pool.count(parent);
        moveChildren(parent, at, parent, at + 1, count - at);
        setBound(parent, at, bound);
        setChild(parent, at, node);
        pool.count(parent, count + 1);
    }

    private void growRoot(final long bound, final int right) {
        if (height == MAX_HEIGHT) {
            throw new IllegalStateException("extent map is higher than " + MAX_HEIGHT);
        }
        final int newRoot = pool.allocate();
        setBound(newRoot, 0, 0);
        setChild(newRoot, 0, root);
        setBound(newRoot, 1, bound);
        setChild(newRoot, 1, right);
        pool.count(newRoot, 2);
        root = newRoot;
        height++;
    }

    private void removeEntries(final int first, final int last) {
        final int count = pool.count(leaf);
        move(leaf, last, leaf, first, count - last);
        final int left = count - (last - first);
        pool.count(leaf, left);
        extents -= last - first;
        if (height == 0) {
            return;
        }
        if (left == 0) {
            pool.free(leaf);
            removeChild(height - 1);
        } else if (left < SPARSE_LEAF) {
            mergeWithNext(left);
        }
    }

    private void mergeWithNext(final int count) {
        final int parent = pathNode[height - 1];
        final int at = pathIndex[height - 1];
        if (at + 1 >= pool.count(parent)) {
            return;
        }
        final int next = child(parent, at + 1);
        final int nextCount = pool.count(next);
        if (count + nextCount <= MERGED_LEAF) {
            move(next, 0, leaf, count, nextCount);
            pool.count(leaf, count + nextCount);
            pool.free(next);
            pathIndex[height - 1] = at + 1;
            removeChild(height - 1);
        }
    }

    /** Takes the child that the path names at a level out of its parent. */
    private void removeChild(final int level) {
        final int parent = pathNode[level];
        final int count = pool.count(parent);
        moveChildren(parent, pathIndex[level] + 1, parent, pathIndex[level], count - pathIndex[level] - 1);
        pool.count(parent, count - 1);
        if (count == 1) {
            if (level == 0) {
                root = parent;
                height = 0;
            } else {
                pool.free(parent);
                removeChild(level - 1);
            }
            return;
        }
        while (height > 0 && pool.count(root) == 1) {
            final int child = child(root, 0);
            pool.free(root);
            root = child;
            height--;
        }
    }

    private int floorInLeaf(final long block) {
        final MemorySegment segment = pool.segment(leaf);
        final long base = NodePool.offset(leaf);
        int low = 0;
        int high = pool.count(leaf) - 1;
        while (low <= high) {
            final int middle = low + high >>> 1;
            if (segment.get(ValueLayout.JAVA_LONG, base + (long) middle * Long.BYTES) >>> LENGTH_BITS <= block) {
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        return high;
    }

    private int floorInInner(final int node, final long block) {
        final MemorySegment segment = pool.segment(node);
        final long base = NodePool.offset(node);
        int low = 1;
        int high = pool.count(node) - 1;
        while (low <= high) {
            final int middle = low + high >>> 1;
            if (segment.get(ValueLayout.JAVA_LONG, base + (long) middle * Long.BYTES) <= block) {
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        return high;
    }

    private static long pack(final long block, final int length) {
        return block << LENGTH_BITS | length - 1;
    }

    static long startOf(final long key) {
        return key >>> LENGTH_BITS;
    }

    static int lengthOf(final long key) {
        return ((int) key & LENGTH_MASK) + 1;
    }

    private long key(final int node, final int at) {
        return pool.segment(node).get(ValueLayout.JAVA_LONG, NodePool.offset(node) + (long) at * Long.BYTES);
    }

    private void setKey(final int node, final int at, final long value) {
        pool.segment(node).set(ValueLayout.JAVA_LONG, NodePool.offset(node) + (long) at * Long.BYTES, value);
    }

    private long location(final int node, final int at) {
        return pool.segment(node)
                .get(ValueLayout.JAVA_LONG, NodePool.offset(node) + LEAF_LOCATIONS + (long) at * Long.BYTES);
    }

    private void setLocation(final int node, final int at, final long value) {
        pool.segment(node)
                .set(ValueLayout.JAVA_LONG, NodePool.offset(node) + LEAF_LOCATIONS + (long) at * Long.BYTES, value);
    }

    private long bound(final int node, final int at) {
        return key(node, at);
    }

    private void setBound(final int node, final int at, final long value) {
        setKey(node, at, value);
    }

    private int child(final int node, final int at) {
        return pool.segment(node)
                .get(ValueLayout.JAVA_INT, NodePool.offset(node) + INNER_CHILDREN + (long) at * Integer.BYTES);
    }

    private void setChild(final int node, final int at, final int value) {
        pool.segment(node)
                .set(ValueLayout.JAVA_INT, NodePool.offset(node) + INNER_CHILDREN + (long) at * Integer.BYTES, value);
    }

    private void move(final int from, final int fromAt, final int to, final int toAt, final int count) {
        moveWords(from, 0, fromAt, to, toAt, count, Long.BYTES);
        moveWords(from, LEAF_LOCATIONS, fromAt, to, toAt, count, Long.BYTES);
    }

    private void moveChildren(final int from, final int fromAt, final int to, final int toAt, final int count) {
        moveWords(from, 0, fromAt, to, toAt, count, Long.BYTES);
        moveWords(from, INNER_CHILDREN, fromAt, to, toAt, count, Integer.BYTES);
    }

    private void moveWords(
            final int from,
            final int area,
            final int fromAt,
            final int to,
            final int toAt,
            final int count,
            final int size) {
        if (count > 0) {
            MemorySegment.copy(
                    pool.segment(from),
                    NodePool.offset(from) + area + (long) fromAt * size,
                    pool.segment(to),
                    NodePool.offset(to) + area + (long) toAt * size,
                    (long) count * size);
        }
    }
}

package io.varve.lsvd.map;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/** Fixed-size nodes outside the heap, numbered from 0, and the count of entries of each. Grows by chunks; never shrinks. */
final class NodePool implements AutoCloseable {
    /** Size of a node in bytes. */
    static final int NODE_SIZE = 1024;

    private static final int CHUNK_SHIFT = 8;
    private static final int CHUNK_NODES = 1 << CHUNK_SHIFT;
    private static final int NONE = -1;

    private final Arena arena = Arena.ofShared();
    private MemorySegment[] chunks = new MemorySegment[4];
    private short[][] counts = new short[4][];
    private int chunkCount;
    private int used;
    private int freeHead = NONE;
    private int freeCount;

    MemorySegment segment(final int node) {
        return chunks[node >>> CHUNK_SHIFT];
    }

    /** As {@link #segment}, for any number at all, on any thread: null when there is no such node. */
    MemorySegment segmentIfAny(final int node) {
        final MemorySegment[] all = chunks;
        final int chunk = node >>> CHUNK_SHIFT;
        return chunk < all.length ? all[chunk] : null;
    }

    static long offset(final int node) {
        return (long) (node & CHUNK_NODES - 1) * NODE_SIZE;
    }

    int count(final int node) {
        return counts[node >>> CHUNK_SHIFT][node & CHUNK_NODES - 1];
    }

    /** As {@link #count}, for any number at all, on any thread: below 0 when there is no such node. */
    int countIfAny(final int node) {
        final short[][] all = counts;
        final int chunk = node >>> CHUNK_SHIFT;
        final short[] ofChunk = chunk < all.length ? all[chunk] : null;
        return ofChunk == null ? NONE : ofChunk[node & CHUNK_NODES - 1];
    }

    void count(final int node, final int value) {
        counts[node >>> CHUNK_SHIFT][node & CHUNK_NODES - 1] = (short) value;
    }

    int allocate() {
        if (freeHead != NONE) {
            final int node = freeHead;
            freeHead = segment(node).get(ValueLayout.JAVA_INT, offset(node));
            freeCount--;
            count(node, 0);
            return node;
        }
        if (used == chunkCount * CHUNK_NODES) {
            addChunk();
        }
        return used++;
    }

    void free(final int node) {
        segment(node).set(ValueLayout.JAVA_INT, offset(node), freeHead);
        freeHead = node;
        freeCount++;
    }

    /** Makes this pool, which must be fresh or cleared, an image of another. */
    void copyFrom(final NodePool other) {
        while (chunkCount < other.chunkCount) {
            addChunk();
        }
        for (int i = 0; i < other.chunkCount; i++) {
            chunks[i].copyFrom(other.chunks[i]);
            System.arraycopy(other.counts[i], 0, counts[i], 0, CHUNK_NODES);
        }
        used = other.used;
        freeHead = other.freeHead;
        freeCount = other.freeCount;
    }

    /** Forgets all nodes and keeps their memory. */
    void clear() {
        for (int i = 0; i < chunkCount; i++) {
            Arrays.fill(counts[i], (short) 0);
        }
        used = 0;
        freeHead = NONE;
        freeCount = 0;
    }

    long bytesInUse() {
        return (long) (used - freeCount) * (NODE_SIZE + Short.BYTES);
    }

    @Override
    public void close() {
        arena.close();
    }

    private void addChunk() {
        if (chunkCount == chunks.length) {
            chunks = Arrays.copyOf(chunks, chunkCount * 2);
            counts = Arrays.copyOf(counts, chunkCount * 2);
        }
        chunks[chunkCount] = arena.allocate((long) CHUNK_NODES * NODE_SIZE, 64);
        counts[chunkCount] = new short[CHUNK_NODES];
        chunkCount++;
    }
}

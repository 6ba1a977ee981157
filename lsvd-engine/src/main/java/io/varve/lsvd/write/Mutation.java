package io.varve.lsvd.write;

import io.varve.linux.IoVec;
import io.varve.lsvd.format.Blocks;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A write, or a trim when it has no buffers, or a change of the write cache, or a note, on its way into the log. Blocks that it covers only in part, at most its first
 * and its last, are read before: the edges. Made once and used again.
 */
final class Mutation {
    /** What a mutation does to the write cache. */
    enum WriteCacheChange {
        NONE,
        ON,
        OFF
    }

    final int index;
    final IoVec headVector = new IoVec();
    final IoVec tailVector = new IoVec();

    long offset;
    long length;
    long done;
    IoVec buffers;
    boolean isDurable;
    WriteCacheChange writeCache;
    MemorySegment note;
    long token;
    boolean hasHead;
    boolean hasTail;
    int edgesToRead;
    boolean isEdgeFailed;
    long headLocation;
    long tailLocation;
    long trimVersion;

    private MemorySegment edges;

    Mutation(final int index) {
        this.index = index;
    }

    void set(
            final long newOffset,
            final long newLength,
            final IoVec newBuffers,
            final boolean newDurable,
            final long newToken) {
        offset = newOffset;
        length = newLength;
        buffers = newBuffers;
        isDurable = newDurable;
        writeCache = WriteCacheChange.NONE;
        note = null;
        token = newToken;
        done = 0;
        final boolean isTailCut = (end() & Blocks.SIZE - 1) != 0;
        hasHead = (offset & Blocks.SIZE - 1) != 0;
        hasTail = isTailCut && !(hasHead && lastBlock() == firstBlock());
    }

    long end() {
        return offset + length;
    }

    long firstBlock() {
        return offset >>> Blocks.SHIFT;
    }

    long lastBlock() {
        return end() - 1 >>> Blocks.SHIFT;
    }

    boolean hasEdges() {
        return hasHead || hasTail;
    }

    void prepareEdges(final Arena arena) {
        if (edges == null) {
            edges = arena.allocate(2L * Blocks.SIZE, Blocks.SIZE);
            headVector.add(edges.address(), Blocks.SIZE);
            tailVector.add(edges.address() + Blocks.SIZE, Blocks.SIZE);
        }
    }

    long headAddress() {
        return edges.address();
    }

    long tailAddress() {
        return edges.address() + Blocks.SIZE;
    }
}

package io.varve.lsvd.write;

import io.varve.linux.IoVec;
import io.varve.lsvd.format.Blocks;
import java.lang.foreign.MemorySegment;

/**
 * A write, or a trim when it has no buffers, or a change of the write cache, or a note, on its way into the log. Blocks that it covers only in part, at most its first
 * and its last, are read before, into {@link Edges}. Made once and used again.
 */
final class Mutation {
    /** What a mutation does to the write cache. */
    enum WriteCacheChange {
        NONE,
        ON,
        OFF
    }

    /** Token of one that is not in use. */
    static final long NONE = -1;

    final int index;
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
    boolean isCancelled;

    /** Null while there are none for it, or none are needed. */
    Edges edges;

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
        isCancelled = false;
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
}

package io.varve.lsvd.destage;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;

/**
 * Memory for objects on their way, used again: at most as many pieces as there are uploads. One thread's. The collector
 * frees a piece once neither the pool nor an upload knows of it.
 */
final class BufferPool {
    private static final long UNIT = 1 << 20;

    private final ArrayDeque<MemorySegment> free = new ArrayDeque<>();
    private final ArrayDeque<MemorySegment> used = new ArrayDeque<>();

    /** Memory of exactly this length, its contents undefined. */
    MemorySegment take(final long length) {
        MemorySegment piece = free.poll();
        if (piece == null || piece.byteSize() < length) {
            piece = Arena.ofAuto().allocate((length + UNIT - 1) / UNIT * UNIT, 4096);
        }
        used.add(piece);
        return piece.asSlice(0, length);
    }

    /** Takes back what was given out. */
    void give(final MemorySegment memory) {
        for (final MemorySegment piece : used) {
            if (piece.address() == memory.address()) {
                used.remove(piece);
                free.push(piece);
                return;
            }
        }
        throw new IllegalArgumentException("not of this pool");
    }
}

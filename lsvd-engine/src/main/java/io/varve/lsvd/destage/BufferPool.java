package io.varve.lsvd.destage;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;

/** Memory for objects on their way, used again: at most as many pieces as there are uploads. One thread's. */
final class BufferPool implements AutoCloseable {
    private static final long UNIT = 2 << 20;

    private final ArrayDeque<Piece> free = new ArrayDeque<>();
    private final ArrayDeque<Piece> used = new ArrayDeque<>();

    /** Memory of exactly this length, its contents undefined. */
    MemorySegment take(final long length) {
        Piece piece = free.poll();
        if (piece != null && piece.memory.byteSize() < length) {
            piece.arena.close();
            piece = null;
        }
        if (piece == null) {
            final Arena arena = Arena.ofShared();
            piece = new Piece(arena, arena.allocate((length + UNIT - 1) / UNIT * UNIT, 4096));
        }
        used.add(piece);
        return piece.memory.asSlice(0, length);
    }

    /** Takes back what was given out. */
    void give(final MemorySegment memory) {
        for (final Piece piece : used) {
            if (piece.memory.address() == memory.address()) {
                used.remove(piece);
                free.push(piece);
                return;
            }
        }
        throw new IllegalArgumentException("not of this pool");
    }

    /** Frees everything that is not in use; what is in use may still be read by an upload, and is left to the process's end. */
    @Override
    public void close() {
        for (final Piece piece : free) {
            piece.arena.close();
        }
        free.clear();
    }

    /** A piece of memory and its arena. */
    private record Piece(Arena arena, MemorySegment memory) {}
}

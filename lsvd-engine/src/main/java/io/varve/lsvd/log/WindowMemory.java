package io.varve.lsvd.log;

import io.varve.linux.Mapping;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

/**
 * Memory of log windows. What one has left behind is kept for the next of the same length, for it is resident already: the first touch
 * of a huge page takes some milliseconds where the machine is a virtual one, and a guest that restarts would wait for them. One
 * piece is kept at a time, for so long at most. Any thread.
 */
public final class WindowMemory {
    private static final WindowMemory OF_PROCESS = new WindowMemory(TimeUnit.SECONDS.toNanos(60));

    private final Executor later;
    private Piece spare;

    /** Memory with a life of its own. */
    private record Piece(Arena arena, MemorySegment memory) {
        static Piece of(final long length) {
            final Arena arena = Arena.ofShared();
            return new Piece(arena, Mapping.reserve(length, arena));
        }
    }

    /** Makes one that keeps what is left behind for so many nanoseconds. */
    WindowMemory(final long keepNs) {
        later = CompletableFuture.delayedExecutor(keepNs, TimeUnit.NANOSECONDS);
    }

    /** That of all windows of the process. */
    public static WindowMemory ofProcess() {
        return OF_PROCESS;
    }

    /**
     * Memory for a window, as of {@link Mapping#reserve}, but with any contents.
     *
     * @param length in bytes; below {@value Mapping#HUGE_PAGE} nothing is kept.
     * @param arena  leaves it behind when it is closed.
     */
    public MemorySegment take(final long length, final Arena arena) {
        if (length < Mapping.HUGE_PAGE) {
            return Mapping.reserve(length, arena);
        }
        final Piece kept = takeSpare(length);
        final Piece piece = kept == null ? Piece.of(length) : kept;
        return MemorySegment.ofAddress(piece.memory.address()).reinterpret(length, arena, memory -> leave(piece));
    }

    /** Whether there is something for the next window. */
    synchronized boolean isKeeping() {
        return spare != null;
    }

    private synchronized Piece takeSpare(final long length) {
        if (spare == null || spare.memory.byteSize() != length) {
            return null;
        }
        final Piece piece = spare;
        spare = null;
        return piece;
    }

    private synchronized void leave(final Piece piece) {
        if (spare != null) {
            spare.arena.close();
        }
        // Another object for the same memory: what was to free it when it waited before must not do so now.
        final Piece waiting = new Piece(piece.arena, piece.memory);
        spare = waiting;
        later.execute(() -> free(waiting));
    }

    private synchronized void free(final Piece piece) {
        if (piece == spare) {
            spare = null;
            piece.arena.close();
        }
    }
}

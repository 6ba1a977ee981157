package io.varve.lsvd.objects;

import io.varve.linux.Mapping;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongSupplier;
import org.agrona.collections.Long2ObjectHashMap;

/**
 * Memory outside the heap for objects, used again and again, and given back to the system at once where there is too much of it: what
 * waits for the JVM's collection of garbage waits for long, since next to nothing of it is in the heap. While {@value
 * #MAX_BYTES} bytes or more are in use, or wait to be used again, nothing more is kept, and nothing waits for longer than some
 * {@value #KEEP_NS} ns. One thread's.
 */
public final class BufferPool implements ObjectMemory, AutoCloseable {
    private static final long MAX_BYTES = 80L << 20;
    private static final long KEEP_NS = 10_000_000_000L;
    private static final long SMALLEST = 64 << 10;

    /** Sizes between one power of two and the next. */
    private static final int STEPS = 8;

    private final TreeMap<Long, ArrayDeque<Piece>> free = new TreeMap<>();
    private final Long2ObjectHashMap<Piece> used = new Long2ObjectHashMap<>();
    private final LongSupplier clockNs;
    private long bytes;

    /** Memory with a life of its own; since when it has been waiting. */
    private static final class Piece {
        private final Arena arena = Arena.ofShared();
        private final MemorySegment memory;
        private long givenNs;

        Piece(final long size) {
            memory = Mapping.reserve(size, arena);
        }

        long size() {
            return memory.byteSize();
        }
    }

    /** Makes a pool, by a monotonic clock in nanoseconds. */
    public BufferPool(final LongSupplier clockNs) {
        this.clockNs = clockNs;
    }

    /** Memory of exactly this length, which may stand in a piece of up to twice as much, aligned to 4096 bytes, its contents undefined. */
    @Override
    public MemorySegment take(final long length) {
        final long size = sizeFor(length);
        final Map.Entry<Long, ArrayDeque<Piece>> fitting = free.ceilingEntry(size);
        final Piece piece;
        if (fitting == null || fitting.getKey() > 2 * size) {
            shrink(MAX_BYTES - size);
            piece = new Piece(size);
            bytes += size;
        } else {
            piece = fitting.getValue().pop();
            removeIfEmpty(fitting.getKey());
        }
        used.put(piece.memory.address(), piece);
        return piece.memory.asSlice(0, length);
    }

    /** Takes back what was given out, and what nobody reads or writes any more. */
    @Override
    public void give(final MemorySegment memory) {
        final long nowNs = clockNs.getAsLong();
        final Piece piece = takeBack(memory);
        piece.givenNs = nowNs;
        free.computeIfAbsent(piece.size(), size -> new ArrayDeque<>()).push(piece);
        shrink(MAX_BYTES);
    }

    /** As {@link #give}, of what a store reads or writes until it has answered: it is freed then. */
    public void giveBehind(final CompletableFuture<?> answer, final MemorySegment memory) {
        if (answer.isDone()) {
            give(memory);
        } else {
            final Piece piece = takeBack(memory);
            bytes -= piece.size();
            answer.whenComplete((value, failure) -> piece.arena.close());
        }
    }

    /** Frees what nobody has needed for a while. */
    public void freeUnneeded() {
        ArrayDeque<Piece> oldest = oldest();
        while (oldest != null && clockNs.getAsLong() - oldest.getLast().givenNs > KEEP_NS) {
            freeOldest(oldest);
            oldest = oldest();
        }
    }

    /** Bytes in use, and waiting to be used again. */
    public long bytes() {
        return bytes;
    }

    /** Frees all that has not been {@linkplain #giveBehind given behind} an answer. */
    @Override
    public void close() {
        shrink(0);
        used.values().forEach(piece -> piece.arena.close());
        used.clear();
        bytes = 0;
    }

    private Piece takeBack(final MemorySegment memory) {
        final Piece piece = used.remove(memory.address());
        if (piece == null) {
            throw new IllegalArgumentException("not of this pool");
        }
        return piece;
    }

    /** Frees what has waited longest until no more than this is left, or nothing that waits. */
    private void shrink(final long goal) {
        while (bytes > goal && !free.isEmpty()) {
            freeOldest(oldest());
        }
    }

    /** What holds, as its last, the piece that has waited longest; null when none waits. */
    private ArrayDeque<Piece> oldest() {
        ArrayDeque<Piece> oldest = null;
        for (final ArrayDeque<Piece> pieces : free.values()) {
            if (oldest == null || pieces.getLast().givenNs - oldest.getLast().givenNs < 0) {
                oldest = pieces;
            }
        }
        return oldest;
    }

    private void freeOldest(final ArrayDeque<Piece> pieces) {
        final Piece piece = pieces.removeLast();
        removeIfEmpty(piece.size());
        bytes -= piece.size();
        piece.arena.close();
    }

    private void removeIfEmpty(final long size) {
        if (free.get(size).isEmpty()) {
            free.remove(size);
        }
    }

    private static long sizeFor(final long length) {
        final long step = Math.max(SMALLEST, Long.highestOneBit(Math.max(1, length - 1))) / STEPS;
        return Math.max(SMALLEST, (length + step - 1) / step * step);
    }
}

package io.varve.lsvd.stored;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.TreeMap;
import org.agrona.collections.Long2ObjectHashMap;

/**
 * Memory outside the heap for objects, used again and again. New memory counts for a limit of the JVM, which stops everything for a full
 * collection when that is reached; so whatever is needed for each object comes from here and goes back. At most
 * {@value #MAX_FREE_BYTES} bytes wait to be used. One thread's.
 */
public final class BufferPool {
    private static final long MAX_FREE_BYTES = 96L << 20;
    private static final long SMALLEST = 64 << 10;

    /** Sizes between one power of two and the next. */
    private static final int STEPS = 4;

    private final TreeMap<Long, ArrayDeque<MemorySegment>> free = new TreeMap<>();
    private final Long2ObjectHashMap<MemorySegment> used = new Long2ObjectHashMap<>();
    private long freeBytes;

    /** Memory of exactly this length, which may stand in a piece of up to twice as much, aligned to 4096 bytes, its contents undefined. */
    public MemorySegment take(final long length) {
        final long size = sizeFor(length);
        final Map.Entry<Long, ArrayDeque<MemorySegment>> fitting = free.ceilingEntry(size);
        final MemorySegment piece;
        if (fitting == null || fitting.getKey() > 2 * size) {
            piece = Arena.ofAuto().allocate(size, 4096);
        } else {
            piece = fitting.getValue().pop();
            freeBytes -= piece.byteSize();
            if (fitting.getValue().isEmpty()) {
                free.remove(fitting.getKey());
            }
        }
        used.put(piece.address(), piece);
        return piece.asSlice(0, length);
    }

    /** Takes back what was given out, and what nobody reads or writes any more. */
    public void give(final MemorySegment memory) {
        final MemorySegment piece = take(memory);
        if (freeBytes + piece.byteSize() <= MAX_FREE_BYTES) {
            free.computeIfAbsent(piece.byteSize(), size -> new ArrayDeque<>()).push(piece);
            freeBytes += piece.byteSize();
        }
    }

    /** Lets go of what was given out, and what a store may still read or write: it is freed once nothing refers to it. */
    public void forget(final MemorySegment memory) {
        take(memory);
    }

    private MemorySegment take(final MemorySegment memory) {
        final MemorySegment piece = used.remove(memory.address());
        if (piece == null) {
            throw new IllegalArgumentException("not of this pool");
        }
        return piece;
    }

    private static long sizeFor(final long length) {
        final long step = Math.max(SMALLEST, Long.highestOneBit(Math.max(1, length - 1))) / STEPS;
        return Math.max(SMALLEST, (length + step - 1) / step * step);
    }
}

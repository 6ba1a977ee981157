package io.varve.lsvd.history;

import io.varve.lsvd.format.FormatException;
import io.varve.lsvd.map.ExtentMap;
import io.varve.lsvd.map.Location;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Runs of blocks and where each is mapped to, or that it is not mapped any more: in ascending order, none overlapping, as checkpoints
 * hold them. Two such lists are laid over each other in one pass, and so many of them in few: much faster than to apply one run
 * after the other to a map. Outside the heap; one thread's.
 */
final class Runs implements AutoCloseable {
    /** The location of a run that is not mapped any more. */
    static final long REMOVED = -1;

    /** Length of a run in memory and in a checkpoint, in bytes. */
    static final int LENGTH = 2 * Long.BYTES;

    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final int LENGTH_SHIFT = 40;
    private static final long BLOCK_MASK = (1L << LENGTH_SHIFT) - 1;

    private final Arena arena;
    private final MemorySegment memory;
    private final long count;

    private Runs(final Arena arena, final MemorySegment memory, final long count) {
        this.arena = arena;
        this.memory = memory;
        this.count = count;
    }

    /** Receives runs in ascending order. */
    @FunctionalInterface
    interface Sink {
        void run(long block, long length, long location);
    }

    /** Writes a run as checkpoints hold it. */
    static void encode(
            final MemorySegment target, final long offset, final long block, final long length, final long location) {
        target.set(LONG, offset, (length & ExtentMap.MAX_EXTENT_BLOCKS - 1) << LENGTH_SHIFT | block);
        target.set(LONG, offset + Long.BYTES, location);
    }

    /** Runs that are not mapped any more; else as {@link #written}. */
    static Runs removed(final String what, final MemorySegment memory) throws FormatException {
        return of(what, memory, REMOVED, REMOVED);
    }

    /**
     * A list that stands in memory of someone else's, which must stay.
     *
     * @param what  named in messages.
     * @param first sequence of the first object that can be mapped.
     * @param end   sequence of the first object that can't be.
     * @throws FormatException when it is not in order, or maps to what can't be.
     */
    static Runs written(final String what, final MemorySegment memory, final long first, final long end)
            throws FormatException {
        return of(what, memory, Location.inObject(first, 0), Location.inObject(end, 0) - 1);
    }

    private static Runs of(final String what, final MemorySegment memory, final long least, final long most)
            throws FormatException {
        final Runs runs = new Runs(null, memory, memory.byteSize() / LENGTH);
        long end = 0;
        for (long i = 0; i < runs.count; i++) {
            if (runs.block(i) < end || runs.block(i) + runs.length(i) > ExtentMap.MAX_BLOCKS) {
                throw new FormatException(what + " is damaged: its extents are not in order");
            }
            if (runs.location(i) < least || runs.location(i) > most) {
                throw new FormatException(what + " is damaged: it maps blocks to what can't hold them");
            }
            end = runs.block(i) + runs.length(i);
        }
        return runs;
    }

    /** Lays newer runs over older ones: where both say something, the newer count. */
    static Runs overlay(final Runs newer, final Runs older) {
        final Arena arena = Arena.ofConfined();
        // Each newer run may cut one older run in two.
        final MemorySegment memory = arena.allocate(Math.max(1, 2 * newer.count + older.count) * LENGTH, Long.BYTES);
        final long[] end = {0};
        overlay(newer, older, (block, length, location) -> {
            encode(memory, end[0], block, length, location);
            end[0] += LENGTH;
        });
        return new Runs(arena, memory, end[0] / LENGTH);
    }

    /** As {@link #overlay(Runs, Runs)}, but tells the runs one by one. */
    static void overlay(final Runs newer, final Runs older, final Sink sink) {
        long at = 0;
        long block = 0;
        long length = 0;
        long location = 0;
        for (long i = 0; i < newer.count; i++) {
            final long start = newer.block(i);
            final long end = start + newer.length(i);
            while (true) {
                if (length == 0) {
                    if (at == older.count || older.block(at) >= end) {
                        break;
                    }
                    block = older.block(at);
                    length = older.length(at);
                    location = older.location(at);
                    at++;
                }
                if (block >= end) {
                    break;
                }
                final long before = Math.min(length, Math.max(0, start - block));
                if (before > 0) {
                    sink.run(block, before, location);
                }
                final long gone = Math.min(length, end - block);
                block += gone;
                length -= gone;
                location = location == REMOVED ? REMOVED : location + gone;
            }
            sink.run(start, end - start, newer.location(i));
        }
        if (length > 0) {
            sink.run(block, length, location);
        }
        while (at < older.count) {
            sink.run(older.block(at), older.length(at), older.location(at));
            at++;
        }
    }

    /** Frees the memory, unless it is someone else's. */
    @Override
    public void close() {
        if (arena != null) {
            arena.close();
        }
    }

    private long block(final long index) {
        return memory.get(LONG, index * LENGTH) & BLOCK_MASK;
    }

    private long length(final long index) {
        final long length = memory.get(LONG, index * LENGTH) >>> LENGTH_SHIFT;
        return length == 0 ? ExtentMap.MAX_EXTENT_BLOCKS : length;
    }

    private long location(final long index) {
        return memory.get(LONG, index * LENGTH + Long.BYTES);
    }
}

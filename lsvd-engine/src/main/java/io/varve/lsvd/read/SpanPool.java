package io.varve.lsvd.read;

import java.util.ArrayDeque;
import java.util.List;

/**
 * The spans of a fetcher and their memory: at most {@value #MAX_SMALL} small and {@value #MAX_LARGE} large ones, 17 MiB in all,
 * made when first needed. The fetcher's.
 */
final class SpanPool {
    /** Most spans in small memory: as many as pieces may wait for the store. */
    static final int MAX_SMALL = ReadPath.STORE_PIECES;

    /** Most spans in large memory. */
    static final int MAX_LARGE = 8;

    /** Up to so many of each size are made before memory of what only rests is used again. */
    private static final int FEW = 4;

    private final ArrayDeque<SpanMemory> freeSmall = new ArrayDeque<>();
    private final ArrayDeque<SpanMemory> freeLarge = new ArrayDeque<>();
    private final List<Span> spans;
    private int small;
    private int large;

    /** Makes a pool for the spans in a list, which it may take resting ones from. */
    SpanPool(final List<Span> spans) {
        this.spans = spans;
    }

    /** Memory of the lesser or greater size, or null when all is in use. */
    SpanMemory take(final boolean isLarge) {
        final SpanMemory free = (isLarge ? freeLarge : freeSmall).poll();
        if (free != null) {
            return free;
        }
        SpanMemory memory = make(isLarge, FEW);
        if (memory == null) {
            memory = takeResting(isLarge);
        }
        return memory == null ? make(isLarge, isLarge ? MAX_LARGE : MAX_SMALL) : memory;
    }

    private SpanMemory make(final boolean isLarge, final int limit) {
        if ((isLarge ? large : small) >= limit) {
            return null;
        }
        large += isLarge ? 1 : 0;
        small += isLarge ? 0 : 1;
        return new SpanMemory(isLarge ? SpanMemory.LARGE_BLOCKS : SpanMemory.SMALL_BLOCKS);
    }

    private SpanMemory takeResting(final boolean isLarge) {
        for (int i = 0; i < spans.size(); i++) {
            final Span span = spans.get(i);
            if (span.state == Span.State.RESTING && span.memory.isLarge() == isLarge) {
                spans.remove(i);
                return span.memory;
            }
        }
        return null;
    }

    /** Takes memory back. */
    void give(final SpanMemory memory) {
        (memory.isLarge() ? freeLarge : freeSmall).push(memory);
    }
}

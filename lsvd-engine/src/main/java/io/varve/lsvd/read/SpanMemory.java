package io.varve.lsvd.read;

import io.varve.lsvd.cache.CacheLine;
import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.format.Frames;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Memory for a span, used again. The collector frees it once neither the fetcher nor the store knows of it.
 */
final class SpanMemory {
    /** Blocks in the lesser size: what the longest piece wants, aligned to lines. */
    static final int SMALL_BLOCKS = ReadPiece.MAX_BLOCKS + CacheLine.BLOCKS;

    /** Blocks in the greater size, for reading ahead. */
    static final int LARGE_BLOCKS = ReadAhead.MAX_LINES * CacheLine.BLOCKS;

    private final MemorySegment segment;
    private MemorySegment stored;

    SpanMemory(final int blocks) {
        segment = Arena.ofAuto().allocate((long) blocks * Blocks.SIZE, Blocks.SIZE);
    }

    boolean isLarge() {
        return segment.byteSize() > (long) SMALL_BLOCKS * Blocks.SIZE;
    }

    MemorySegment first(final int bytes) {
        return segment.asSlice(0, bytes);
    }

    /** Memory for so many bytes as they are stored: no more than there are blocks for, and the rest of the outermost frames. */
    MemorySegment stored(final int bytes) {
        if (stored == null) {
            stored = Arena.ofAuto().allocate(segment.byteSize() + 2 * Frames.SIZE, Blocks.SIZE);
        }
        return stored.asSlice(0, bytes);
    }

    long address() {
        return segment.address();
    }
}

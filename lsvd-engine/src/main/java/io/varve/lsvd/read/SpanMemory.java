package io.varve.lsvd.read;

import io.varve.lsvd.cache.CacheLine;
import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.format.Checksum;
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
    private final Checksum checksum;

    SpanMemory(final int blocks) {
        segment = Arena.ofAuto().allocate((long) blocks * Blocks.SIZE, Blocks.SIZE);
        checksum = new Checksum(segment);
    }

    boolean isLarge() {
        return segment.byteSize() > (long) SMALL_BLOCKS * Blocks.SIZE;
    }

    MemorySegment first(final int bytes) {
        return segment.asSlice(0, bytes);
    }

    Checksum checksum() {
        return checksum;
    }

    long address() {
        return segment.address();
    }
}

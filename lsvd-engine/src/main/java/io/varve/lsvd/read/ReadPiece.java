package io.varve.lsvd.read;

import io.varve.lsvd.format.Blocks;
import java.lang.foreign.MemorySegment;

/**
 * A run of blocks on its way into private memory, as part of a request. Pieces are made once, get their memory when first used, and are used again; between the
 * reactor and the fetcher they change hands through queues.
 */
final class ReadPiece {
    /** Greatest number of blocks of a piece. */
    static final int MAX_BLOCKS = 32;

    /** Size of a piece's memory in bytes. */
    static final int LENGTH = MAX_BLOCKS * Blocks.SIZE;

    final int index;
    MemorySegment memory;

    ReadRequest request;
    long location;
    int blocks;
    long requestOffset;
    int skip;
    int length;
    int guard;
    String failure;
    boolean isMissing;

    ReadPiece(final int index) {
        this.index = index;
    }
}

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

    /** Where a piece is read from. */
    enum Source {
        LOG,
        CACHE,
        STORE
    }

    final int index;
    MemorySegment memory;
    Source source;

    ReadRequest request;
    long location;
    int blocks;
    long requestOffset;
    int skip;
    int length;
    int guard;
    int slot;
    long version;

    /** The fetcher's: how many spans have yet to fill it, how many blocks are in spans, and why it could not be filled. */
    int spans;

    int joined;
    String failure;
    boolean isMissing;

    ReadPiece(final int index) {
        this.index = index;
    }

    /** Sets how many bytes of the request it brings, behind {@link #skip}. */
    void length(final long bytes) {
        length = (int) bytes;
        blocks = (int) Blocks.count(skip + bytes);
    }

    /** The fetcher has taken it. */
    void begin() {
        spans = 0;
        joined = 0;
        failure = null;
        isMissing = false;
    }
}

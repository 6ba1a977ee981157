package io.varve.lsvd.transfer;

import java.io.IOException;
import java.lang.foreign.MemorySegment;

/** Where an image goes to: bytes at ascending offsets, with zeros, or holes, between them. One thread's at a time. */
public interface SparseOutput {
    /**
     * Puts bytes.
     *
     * @param offset at or behind the end of what was put before.
     */
    void put(long offset, MemorySegment bytes) throws IOException;

    /** Completes the output, of which everything else up to a length is zeros. */
    void finish(long length) throws IOException;
}

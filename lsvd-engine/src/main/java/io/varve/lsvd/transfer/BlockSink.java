package io.varve.lsvd.transfer;

import java.io.IOException;
import java.lang.foreign.MemorySegment;

/** Takes blocks of a volume. */
@FunctionalInterface
public interface BlockSink {
    /**
     * Takes a run of blocks.
     *
     * @param block first block of the volume, behind all that were taken before.
     * @param data  whole blocks; used again when this returns.
     */
    void take(long block, MemorySegment data) throws IOException;
}

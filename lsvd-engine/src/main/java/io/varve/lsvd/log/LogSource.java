package io.varve.lsvd.log;

import java.io.IOException;
import java.lang.foreign.MemorySegment;

/** Reads the log by position. */
public interface LogSource {
    /** The log's measures. */
    LogGeometry geometry();

    /** Reads a range; multiples of 4096. */
    void read(long position, MemorySegment target) throws IOException;

    /** Whether everything from a position on is in memory, so that {@link #view} shows it; it may be replaced at any moment. */
    boolean isInMemory(long position);

    /**
     * A range in memory, within one record: after it has been read, {@link #isInMemory} tells whether it was what stands at
     * this position of the log, and nothing newer.
     */
    MemorySegment view(long position, long length);

    /** Prepares some memory in which the log will go on; false when there is nothing to prepare now. Takes milliseconds. */
    default boolean prepareMemory() {
        return false;
    }
}

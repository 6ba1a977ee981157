package io.varve.lsvd.log;

import java.io.IOException;
import java.lang.foreign.MemorySegment;

/** Reads the log by position. */
public interface LogSource {
    /** The log's measures. */
    LogGeometry geometry();

    /** Reads a range; multiples of 4096. */
    void read(long position, MemorySegment target) throws IOException;
}

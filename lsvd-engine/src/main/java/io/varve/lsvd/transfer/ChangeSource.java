package io.varve.lsvd.transfer;

import java.io.IOException;
import java.lang.foreign.MemorySegment;

/** Tells what is to be written to a volume, change by change. One thread's at a time. */
public interface ChangeSource extends AutoCloseable {
    /** What kinds of changes there are. */
    enum Kind {
        /** Data is to be written. */
        DATA,
        /** A range is to read as zeros. */
        DISCARD
    }

    /**
     * A change.
     *
     * @param offset in bytes, a multiple of 4096.
     * @param length in bytes, a multiple of 4096; of data at most what there is room for.
     */
    record Change(Kind kind, long offset, long length) {}

    /**
     * Gives the next change.
     *
     * @param target receives its data; whole blocks long.
     * @return null at the end.
     */
    Change next(MemorySegment target) throws IOException;

    /** Closes what it is read from. */
    @Override
    void close() throws IOException;
}

package io.varve.testsupport.fuzz;

import java.io.IOException;
import java.util.List;

/** Something that reads bytes which others have written. It has no state from one input to the next. */
public interface FuzzTarget {
    /** What to call it: lower case, with dashes. */
    String name();

    /** Well-formed inputs to begin with, in the newest form of what is read. */
    List<byte[]> seeds() throws IOException;

    /**
     * Reads an input, and checks what came of it. A refusal of the kind that the reader promises is no finding; whatever is thrown
     * is one.
     */
    void run(byte[] input) throws Exception;

    /**
     * How much may be allocated for an input, in bytes of heap: what is read counts, and not what is claimed.
     *
     * @param length of the input in bytes.
     */
    default long mostAllocated(final int length) {
        return (8L << 20) + 256L * length;
    }

    /** How many mutations are tried in every build: some seconds at most. */
    default int sampled() {
        return 20_000;
    }
}

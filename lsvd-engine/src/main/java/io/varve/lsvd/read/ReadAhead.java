package io.varve.lsvd.read;

/**
 * Tells how far to fetch beyond what is wanted. What was written together stands together in an object, and is often read
 * together: a read that goes on where an earlier one in the same object ended fetches twice as much as that one, up to {@value
 * #MAX_LINES} lines; any other only the lines that it needs. The fetcher's.
 */
final class ReadAhead {
    /** Most lines in one read of the store. */
    static final int MAX_LINES = 16;

    private static final int STREAMS = 32;

    private final long[] sequences = new long[STREAMS];
    private final int[] ends = new int[STREAMS];
    private final int[] lengths = new int[STREAMS];
    private int next;

    /**
     * How many lines to fetch.
     *
     * @param line   index of the first in its object.
     * @param needed how many are wanted.
     */
    int lines(final long sequence, final int line, final int needed) {
        int stream = -1;
        for (int i = 0; i < STREAMS; i++) {
            if (lengths[i] > 0 && sequences[i] == sequence && ends[i] == line) {
                stream = i;
            }
        }
        int lines = needed;
        if (stream < 0) {
            stream = next;
            next = (next + 1) % STREAMS;
        } else {
            lines = Math.max(needed, Math.min(MAX_LINES, 2 * lengths[stream]));
        }
        sequences[stream] = sequence;
        ends[stream] = line + lines;
        lengths[stream] = lines;
        return lines;
    }
}

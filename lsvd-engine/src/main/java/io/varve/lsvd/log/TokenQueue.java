package io.varve.lsvd.log;

/** A first-in, first-out queue of (sequence, token, flag) that allocates only when it grows past its greatest size so far. */
public final class TokenQueue {
    private long[] sequences = new long[256];
    private long[] tokens = new long[256];
    private boolean[] flags = new boolean[256];
    private int head;
    private int size;

    /** Whether nothing is in it. */
    public boolean isEmpty() {
        return size == 0;
    }

    /** Puts something at the end. */
    public void add(final long sequence, final long token, final boolean flag) {
        if (size == tokens.length) {
            grow();
        }
        final int at = head + size & tokens.length - 1;
        sequences[at] = sequence;
        tokens[at] = token;
        flags[at] = flag;
        size++;
    }

    /** Sequence of the first; there must be one. */
    public long sequence() {
        return sequences[head];
    }

    /** Flag of the first; there must be one. */
    public boolean flag() {
        return flags[head];
    }

    /** Takes the first out and gives its token; there must be one. */
    public long remove() {
        final long token = tokens[head];
        head = head + 1 & tokens.length - 1;
        size--;
        return token;
    }

    private void grow() {
        final int length = tokens.length;
        final long[] newSequences = new long[length * 2];
        final long[] newTokens = new long[length * 2];
        final boolean[] newFlags = new boolean[length * 2];
        for (int i = 0; i < length; i++) {
            final int at = head + i & length - 1;
            newSequences[i] = sequences[at];
            newTokens[i] = tokens[at];
            newFlags[i] = flags[at];
        }
        sequences = newSequences;
        tokens = newTokens;
        flags = newFlags;
        head = 0;
    }
}

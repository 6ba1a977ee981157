package io.varve.lsvd.log;

/** A first-in, first-out queue of (sequence, token, flag) that allocates only when it grows past its greatest size so far. */
final class TokenQueue {
    private long[] sequences = new long[256];
    private long[] tokens = new long[256];
    private boolean[] flags = new boolean[256];
    private int head;
    private int size;

    boolean isEmpty() {
        return size == 0;
    }

    void add(final long sequence, final long token, final boolean flag) {
        if (size == tokens.length) {
            grow();
        }
        final int at = head + size & tokens.length - 1;
        sequences[at] = sequence;
        tokens[at] = token;
        flags[at] = flag;
        size++;
    }

    long sequence() {
        return sequences[head];
    }

    boolean flag() {
        return flags[head];
    }

    long remove() {
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

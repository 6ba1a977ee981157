package io.varve.lsvd;

import java.util.Arrays;
import java.util.function.Predicate;

/** Who waits for what: completions and their tokens in numbered places. Grows to the greatest number pending; reactor only. */
final class PendingRequests {
    /** What is waited for. */
    enum Kind {
        READ,
        WRITE,
        DURABLE_WRITE,
        FLUSH,
        /** The volume's own flush. */
        LAST_FLUSH
    }

    /** In place of a completion: nobody waits any more. */
    private static final VolumeCompletion NOBODY = (token, status) -> {};

    private VolumeCompletion[] completions = new VolumeCompletion[256];
    private long[] tokens = new long[256];
    private Kind[] kinds = new Kind[256];
    private int[] free = new int[256];
    private int freeCount;
    private int used;

    int add(final Kind kind, final VolumeCompletion completion, final long token) {
        final int place;
        if (freeCount > 0) {
            place = free[--freeCount];
        } else {
            if (used == completions.length) {
                completions = Arrays.copyOf(completions, used * 2);
                tokens = Arrays.copyOf(tokens, used * 2);
                kinds = Arrays.copyOf(kinds, used * 2);
                free = Arrays.copyOf(free, used * 2);
            }
            place = used++;
        }
        completions[place] = completion;
        tokens[place] = token;
        kinds[place] = kind;
        return place;
    }

    Kind kind(final int place) {
        return kinds[place];
    }

    void complete(final int place, final int status) {
        final VolumeCompletion completion = completions[place];
        final long token = tokens[place];
        completions[place] = null;
        free[freeCount++] = place;
        completion.onComplete(token, status);
    }

    /** Has nobody told of what some wait for. Its places are taken until it completes. */
    void cancel(final Predicate<VolumeCompletion> which) {
        for (int i = 0; i < used; i++) {
            if (completions[i] != null && which.test(completions[i])) {
                completions[i] = NOBODY;
            }
        }
    }

    boolean isCancelled(final int place) {
        return completions[place] == NOBODY;
    }

    int count() {
        return used - freeCount;
    }

    boolean isEmpty() {
        return freeCount == used;
    }
}

package io.varve.lsvd.history;

import io.varve.lsvd.store.Keys;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableSet;
import java.util.UUID;

/**
 * Objects of an epoch that should be in the store and are not.
 *
 * @param runs of sequences, ascending: at most {@value #MAX_RUNS} of them, the last with what comes behind.
 */
public record Missing(List<Run> runs) {
    private static final int MAX_RUNS = 8;

    /** Sequences from one up to and including another. */
    public record Run(long from, long to) {
        @Override
        public String toString() {
            return from == to ? "object " + from : "objects " + from + " to " + to;
        }
    }

    /**
     * What is missing of some sequences.
     *
     * @param present what is there.
     * @param from    first that should be; it is known to be missing.
     * @param to      last that should be.
     */
    public static Missing of(final NavigableSet<Long> present, final long from, final long to) {
        final List<Run> runs = new ArrayList<>();
        long next = from;
        for (final long there : present.subSet(from, false, to, true)) {
            add(runs, next, there - 1);
            next = there + 1;
        }
        add(runs, next, to);
        return new Missing(List.copyOf(runs));
    }

    private static void add(final List<Run> runs, final long from, final long to) {
        if (to < from) {
            return;
        }
        if (runs.size() == MAX_RUNS) {
            runs.set(MAX_RUNS - 1, new Run(runs.getLast().from, to));
        } else {
            runs.add(new Run(from, to));
        }
    }

    /** Names them for people, with the key of the first. */
    public String describe(final UUID volume, final long epoch) {
        return String.join(", ", runs.stream().map(Run::toString).toList()) + " of epoch " + epoch + ", from "
                + Keys.object(volume, epoch, runs.getFirst().from) + " on";
    }
}

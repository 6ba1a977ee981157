package io.varve.testvms.powercut;

import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The numbers of all cuts of a recording. First those at the flushes; then those right behind marks, one for each stretch
 * between two flushes that has a mark; then, in rounds, one at random behind each flush.
 *
 * @param boundaries number of flushes, and the beginning: each begins an interval.
 * @param marked     the intervals with a mark, ascending.
 */
public record CutNumbers(int boundaries, List<Integer> marked) {
    /** What kind of a cut has a number. */
    enum Kind {
        /** All that was flushed, and nothing else. */
        AT_FLUSH,
        /** Right behind the last mark of the interval, with nothing that was not durable. */
        BEHIND_MARK,
        /** Somewhere in the interval, with any part of it. */
        ANYWHERE
    }

    Kind kind(final int number) {
        if (number < boundaries) {
            return Kind.AT_FLUSH;
        }
        return number < firstAnywhere() ? Kind.BEHIND_MARK : Kind.ANYWHERE;
    }

    /** The interval of a cut: how many flushes come before it. */
    int interval(final int number) {
        return switch (kind(number)) {
            case AT_FLUSH -> number;
            case BEHIND_MARK -> marked.get(number - boundaries);
            case ANYWHERE -> (number - firstAnywhere()) % boundaries;
        };
    }

    private int firstAnywhere() {
        return boundaries + marked.size();
    }

    /**
     * So many numbers, in the order of what is on the disk: a third behind marks, as far as there are, the rest at flushes and anywhere, all
     * evenly.
     *
     * @param cuts 0 for all at flushes and behind marks, and one anywhere behind each flush.
     */
    public int[] choose(final int cuts) {
        final int behindMarks = cuts == 0 ? marked.size() : Math.min(marked.size(), (cuts + 2) / 3);
        final int atFlushes = cuts == 0 ? boundaries : Math.min(boundaries, (cuts - behindMarks + 1) / 2);
        final int anywhere = cuts == 0 ? boundaries : cuts - behindMarks - atFlushes;
        final int rounds = Math.ceilDiv(anywhere, boundaries);
        final IntStream numbers = IntStream.concat(
                IntStream.concat(
                        evenly(atFlushes, boundaries),
                        evenly(behindMarks, marked.size()).map(number -> boundaries + number)),
                // Neighbours in this order are rounds of the same interval.
                evenly(anywhere, rounds * boundaries)
                        .map(number -> firstAnywhere() + number % rounds * boundaries + number / rounds));
        return numbers.boxed()
                .sorted(Comparator.comparingInt(this::interval))
                .mapToInt(Integer::intValue)
                .toArray();
    }

    /** The last is among them: what comes at the end is not there twice. */
    private static IntStream evenly(final int wanted, final int all) {
        return IntStream.range(0, wanted).map(i -> (int) ((i + 1L) * all / wanted) - 1);
    }
}

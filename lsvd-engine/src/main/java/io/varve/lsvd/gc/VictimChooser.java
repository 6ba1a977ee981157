package io.varve.lsvd.gc;

import io.varve.lsvd.history.ObjectTable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import org.agrona.collections.LongHashSet;

/**
 * Chooses which objects to collect next: those with the greatest part of garbage, all of one generation, as many as fill one
 * object with what is live in them. Data that was collected before, and so lives longer, is kept apart from what clients have
 * written since: each object dies faster as a whole, or not at all (the separation by expected lifetime of SepBIT, FAST '22, with
 * generations for classes).
 */
final class VictimChooser {
    private static final int MAX_VICTIMS = 64;

    /** What is not worth to be collected: less garbage than this part of an object, and of all that are collected at once. */
    private static final double LEAST_GARBAGE = 0.06;

    private final ObjectTable objects;

    VictimChooser(final ObjectTable objects) {
        this.objects = objects;
    }

    /** An object and the part of its bytes that is live. */
    private record Candidate(long sequence, int generation, long length, int live, long liveLength, double share) {}

    /**
     * Chooses.
     *
     * @param newestPin  objects up to this sequence are needed by a snapshot or clone: to collect them gives no space back.
     * @param notThese   objects that can't be read, or are on their way already.
     * @param maxBlocks  greatest number of live blocks in all of them, unless it is one alone.
     * @return sequences, ascending; empty when nothing is worth it.
     */
    List<Long> choose(final long newestPin, final LongHashSet notThese, final int maxBlocks) {
        final PriorityQueue<Candidate> worst =
                new PriorityQueue<>(Comparator.comparingDouble(Candidate::share).reversed());
        for (int i = objects.count() - 1; i >= 0 && objects.sequence(i) > newestPin; i--) {
            if (objects.generation(i) == ObjectTable.CHECKPOINT
                    || objects.deadSince(i) != ObjectTable.ALIVE
                    || notThese.contains(objects.sequence(i))) {
                continue;
            }
            final double share = (double) objects.liveLength(i) / objects.length(i);
            if (share > 1 - LEAST_GARBAGE || worst.size() == MAX_VICTIMS && share >= worst.peek().share) {
                continue;
            }
            worst.add(new Candidate(
                    objects.sequence(i),
                    objects.generation(i),
                    objects.length(i),
                    objects.live(i),
                    objects.liveLength(i),
                    share));
            if (worst.size() > MAX_VICTIMS) {
                worst.remove();
            }
        }
        return fill(
                worst.stream()
                        .sorted(Comparator.comparingDouble(Candidate::share))
                        .toList(),
                maxBlocks);
    }

    /** As many as fill an object, in the order of their garbage, and as long as there is enough of that in all of them. */
    private static List<Long> fill(final List<Candidate> candidates, final int maxBlocks) {
        final List<Long> chosen = new ArrayList<>();
        int worthwhile = 0;
        int blocks = 0;
        long before = 0;
        long after = 0;
        for (final Candidate candidate : candidates) {
            if (candidate.generation == candidates.getFirst().generation
                    && (chosen.isEmpty() || blocks + candidate.live <= maxBlocks)) {
                chosen.add(candidate.sequence);
                blocks += candidate.live;
                before += candidate.length;
                after += candidate.liveLength;
                if (before - after >= LEAST_GARBAGE * before) {
                    worthwhile = chosen.size();
                }
            }
        }
        final List<Long> kept = new ArrayList<>(chosen.subList(0, worthwhile));
        kept.sort(null);
        return kept;
    }
}

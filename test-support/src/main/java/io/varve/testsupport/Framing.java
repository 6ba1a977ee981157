package io.varve.testsupport;

import java.util.Random;

/** How a driver cuts a request into descriptors, and where in its memory it puts them. */
@FunctionalInterface
public interface Framing {
    /** As Linux does it: the header, the data, the status byte. */
    Framing USUAL = (total, boundary, cuts) -> boundary > 0 && boundary < total ? cuts.cut(boundary, 0) : cuts.none();

    /**
     * Decides about one of a request's two parts.
     *
     * @param total    bytes of the part.
     * @param boundary where header and data, or data and status, meet within it.
     * @param cuts     takes the decision.
     * @return the list.
     */
    Cuts cut(int total, int boundary, Cuts cuts);

    /** Everything of a part in one descriptor: header and data together, data and status together. */
    Framing WHOLE = (total, boundary, cuts) -> cuts.none();

    /**
     * Cuts anywhere, header and all, with gaps in memory between the pieces.
     *
     * @param random    the only source of its decisions.
     * @param maxPieces most pieces of each part.
     */
    static Framing random(final Random random, final int maxPieces) {
        return (total, boundary, cuts) -> {
            cuts.none();
            int position = 0;
            for (int pieces = 1 + random.nextInt(maxPieces); pieces > 1 && total - position > 1; pieces--) {
                final int longest = random.nextBoolean() ? Math.min(total - position - 1, 24) : total - position - 1;
                position += 1 + random.nextInt(longest);
                cuts.add(position, random.nextInt(9));
            }
            return cuts;
        };
    }

    /** Where a part is cut, and how many bytes are left out in memory at each cut. */
    final class Cuts {
        private static final int MAX_CUTS = 256;

        private final int[] positions = new int[MAX_CUTS];
        private final int[] gaps = new int[MAX_CUTS];
        private int count;

        /** No cut: one piece. */
        public Cuts none() {
            count = 0;
            return this;
        }

        /** One cut. */
        public Cuts cut(final int position, final int gap) {
            none();
            return add(position, gap);
        }

        /** One more cut, behind the last. */
        public Cuts add(final int position, final int gap) {
            positions[count] = position;
            gaps[count] = gap;
            count++;
            return this;
        }

        int count() {
            return count;
        }

        int position(final int index) {
            return positions[index];
        }

        int gap(final int index) {
            return gaps[index];
        }
    }
}

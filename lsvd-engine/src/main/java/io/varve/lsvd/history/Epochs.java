package io.varve.lsvd.history;

import java.util.Arrays;

/** Which epoch an object of a volume's history belongs to: sequences grow through all epochs. Immutable. */
public final class Epochs {
    /** No epochs. */
    public static final Epochs NONE = new Epochs(new long[0], new long[0]);

    private final long[] epochs;
    private final long[] firstSequences;

    private Epochs(final long[] epochs, final long[] firstSequences) {
        this.epochs = epochs;
        this.firstSequences = firstSequences;
    }

    /** These epochs and one more, which must come after them. */
    public Epochs with(final long epoch, final long firstSequence) {
        final int count = epochs.length;
        if (count > 0 && (epoch <= epochs[count - 1] || firstSequence <= firstSequences[count - 1])) {
            throw new IllegalArgumentException("epoch " + epoch + " does not follow " + epochs[count - 1]);
        }
        final long[] moreEpochs = Arrays.copyOf(epochs, count + 1);
        final long[] moreSequences = Arrays.copyOf(firstSequences, count + 1);
        moreEpochs[count] = epoch;
        moreSequences[count] = firstSequence;
        return new Epochs(moreEpochs, moreSequences);
    }

    /**
     * The epoch whose object has this sequence.
     *
     * @throws IllegalArgumentException when it is older than all that is known.
     */
    public long epochOf(final long sequence) {
        final int found = Arrays.binarySearch(firstSequences, sequence);
        final int index = found >= 0 ? found : -found - 2;
        if (index < 0) {
            throw new IllegalArgumentException("no epoch has sequence " + sequence);
        }
        return epochs[index];
    }

    /** Number of epochs. */
    public int count() {
        return epochs.length;
    }

    /** Number of the epoch at an index, oldest first. */
    public long epoch(final int index) {
        return epochs[index];
    }

    /** First sequence of the epoch at an index. */
    public long firstSequence(final int index) {
        return firstSequences[index];
    }
}

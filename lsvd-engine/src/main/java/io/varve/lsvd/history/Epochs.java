package io.varve.lsvd.history;

import io.varve.lsvd.store.Keys;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.function.Predicate;

/**
 * Which volume and epoch an object of a history belongs to: sequences grow through all epochs, and from an ancestor's on into its
 * clone's, so that the sequence alone tells. Immutable.
 */
public final class Epochs {
    /** No epochs. */
    public static final Epochs NONE = new Epochs(new Entry[0]);

    private final Entry[] entries;
    private final long[] firstSequences;

    private Epochs(final Entry[] entries) {
        this.entries = entries;
        this.firstSequences =
                Arrays.stream(entries).mapToLong(Entry::firstSequence).toArray();
    }

    /**
     * One epoch.
     *
     * @param volume        whose epoch it is: the volume itself or an ancestor.
     * @param epoch         its number.
     * @param firstSequence of its first object.
     * @param nonce         which all its data objects carry.
     */
    public record Entry(UUID volume, long epoch, long firstSequence, UUID nonce) {
        /** The key of an object of this epoch. */
        public String key(final long sequence) {
            return Keys.object(volume, epoch, sequence);
        }

        private boolean follows(final Entry before) {
            return firstSequence > before.firstSequence && (!volume.equals(before.volume) || epoch > before.epoch);
        }
    }

    /** Epochs in their order; null when one does not come after the one before. */
    static Epochs of(final Entry... entries) {
        for (int i = 1; i < entries.length; i++) {
            if (!entries[i].follows(entries[i - 1])) {
                return null;
            }
        }
        return new Epochs(entries.clone());
    }

    /** These epochs and one more, which must come after them. */
    public Epochs with(final Entry entry) {
        final int count = entries.length;
        if (!canBeFollowedBy(entry)) {
            throw new IllegalArgumentException(entry + " does not follow " + entries[count - 1]);
        }
        final Entry[] more = Arrays.copyOf(entries, count + 1);
        more[count] = entry;
        return new Epochs(more);
    }

    /** Whether an epoch can come after these. */
    boolean canBeFollowedBy(final Entry entry) {
        return entries.length == 0 || entry.follows(entries[entries.length - 1]);
    }

    /** Those of these epochs that match. */
    public Epochs only(final Predicate<Entry> wanted) {
        final List<Entry> kept = new ArrayList<>(List.of(entries));
        kept.removeIf(wanted.negate());
        return new Epochs(kept.toArray(Entry[]::new));
    }

    /**
     * The epoch whose object has this sequence.
     *
     * @throws IllegalArgumentException when it is older than all that is known.
     */
    public Entry of(final long sequence) {
        final int found = Arrays.binarySearch(firstSequences, sequence);
        final int index = found >= 0 ? found : -found - 2;
        if (index < 0) {
            throw new IllegalArgumentException("no epoch has sequence " + sequence);
        }
        return entries[index];
    }

    /** The key of an object. */
    public String key(final long sequence) {
        return of(sequence).key(sequence);
    }

    /** Whether a volume's epoch, which must be known and have a successor, is sealed at a sequence. */
    public boolean isSeal(final UUID volume, final long epoch, final long sequence) {
        for (int i = 1; i < entries.length; i++) {
            if (entries[i].firstSequence == sequence + 1) {
                return entries[i - 1].volume.equals(volume) && entries[i - 1].epoch == epoch;
            }
        }
        return false;
    }

    /** Number of epochs. */
    public int count() {
        return entries.length;
    }

    /** The epoch at an index, oldest first. */
    public Entry get(final int index) {
        return entries[index];
    }
}

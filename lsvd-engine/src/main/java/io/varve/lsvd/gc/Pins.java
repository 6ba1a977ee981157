package io.varve.lsvd.gc;

import io.varve.lsvd.store.Keys;
import io.varve.lsvd.store.StoredObject;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;

/** Sequences at which snapshots and clones need a volume, as the store lists them. Immutable. */
public final class Pins {
    private final long[] sequences;

    private Pins(final long[] sequences) {
        this.sequences = sequences;
    }

    /** What listings of a volume's pins and children say. */
    public static Pins of(final List<StoredObject> pins, final List<StoredObject> children) {
        final TreeSet<Long> sequences = new TreeSet<>();
        for (final StoredObject pin : pins) {
            sequences.add(Keys.pinned(pin.key()));
        }
        for (final StoredObject pin : pins) {
            if (Keys.isPinRemoved(pin.key())) {
                sequences.remove(Keys.pinned(pin.key()));
            }
        }
        for (final StoredObject child : children) {
            sequences.add(Keys.pinned(child.key()));
        }
        return new Pins(sequences.stream().mapToLong(Long::longValue).toArray());
    }

    /** These pins and one more. */
    public Pins with(final long sequence) {
        final TreeSet<Long> more = new TreeSet<>();
        for (final long one : sequences) {
            more.add(one);
        }
        more.add(sequence);
        return new Pins(more.stream().mapToLong(Long::longValue).toArray());
    }

    /** Whether a pin needs an object that the volume needed from one sequence up to, and not including, another. */
    public boolean isNeeded(final long from, final long until) {
        final int found = Arrays.binarySearch(sequences, from);
        final int place = found >= 0 ? found : -found - 1;
        return place < sequences.length && sequences[place] < until;
    }

    /** The newest sequence that is pinned, or -1. */
    public long newest() {
        return sequences.length == 0 ? -1 : sequences[sequences.length - 1];
    }
}

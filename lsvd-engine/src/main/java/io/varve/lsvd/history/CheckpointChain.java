package io.varve.lsvd.history;

import io.varve.lsvd.format.ObjectHeader;
import java.util.ArrayList;
import java.util.List;

/**
 * The newest checkpoint and what it builds on.
 *
 * @param sequences  of the whole one, then of the deltas on it, oldest first; empty when there is no checkpoint.
 * @param deltaBytes length of the deltas, uncompressed.
 */
public record CheckpointChain(List<Long> sequences, long deltaBytes) {
    /** No checkpoint yet. */
    public static final CheckpointChain NONE = new CheckpointChain(List.of(), 0);

    /** The chain that begins with a whole checkpoint. */
    public static CheckpointChain whole(final long sequence) {
        return new CheckpointChain(List.of(sequence), 0);
    }

    /** The chain with one more delta. */
    public CheckpointChain with(final long sequence, final long length) {
        final List<Long> more = new ArrayList<>(sequences);
        more.add(sequence);
        return new CheckpointChain(List.copyOf(more), deltaBytes + length);
    }

    /** Sequence of the newest checkpoint, or {@link ObjectHeader#NO_CHECKPOINT}. */
    public long newest() {
        return isEmpty() ? ObjectHeader.NO_CHECKPOINT : sequences.getLast();
    }

    /** Number of deltas from the whole one to the newest. */
    public int deltas() {
        return Math.max(0, sequences.size() - 1);
    }

    /** Whether there is no checkpoint. */
    public boolean isEmpty() {
        return sequences.isEmpty();
    }
}

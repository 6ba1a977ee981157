package io.varve.lsvd.history;

import io.varve.lsvd.format.ObjectHeader;

/**
 * The newest checkpoint and what it builds on.
 *
 * @param newest     sequence of the newest checkpoint, or {@link ObjectHeader#NO_CHECKPOINT}.
 * @param deltas     number of deltas from the whole one to it.
 * @param deltaBytes their length.
 */
public record CheckpointChain(long newest, int deltas, long deltaBytes) {
    /** No checkpoint yet. */
    public static final CheckpointChain NONE = new CheckpointChain(ObjectHeader.NO_CHECKPOINT, 0, 0);

    /** The chain that begins with a whole checkpoint. */
    public static CheckpointChain whole(final long sequence) {
        return new CheckpointChain(sequence, 0, 0);
    }

    /** The chain with one more delta. */
    public CheckpointChain with(final long sequence, final long length) {
        return new CheckpointChain(sequence, deltas + 1, deltaBytes + length);
    }

    /** Whether there is no checkpoint. */
    public boolean isEmpty() {
        return newest == ObjectHeader.NO_CHECKPOINT;
    }
}

package io.varve.lsvd.destage;

import io.varve.lsvd.format.Covered;
import io.varve.lsvd.history.Checkpoint;
import io.varve.lsvd.history.CheckpointChain;
import io.varve.lsvd.history.MapChanges;
import io.varve.lsvd.map.ExtentMap;
import java.lang.foreign.MemorySegment;

/**
 * The extent map as the objects in the store make it, and what of it no checkpoint holds yet; decides when the next
 * checkpoint is due, and whether it is whole or a delta.
 *
 * <p>A checkpoint is due behind every so many objects. Once the deltas since the last whole checkpoint would add up
 * to the length of a whole one, the next is whole: so whole ones cost about as much as deltas, together less than 1 % of what
 * clients write in pieces of 4 KiB.
 */
final class StoredMap implements AutoCloseable {
    private static final int MAX_DELTAS = 256;

    private final Checkpoint.Author author;
    private final ExtentMap map;
    private final MapChanges changes;
    private final int interval;
    private CheckpointChain chain;
    private boolean isNextWhole;

    /**
     * Makes the account; map and changes are its own from now on.
     *
     * @param map     all that the objects map.
     * @param changes what is not in the newest checkpoint.
     * @param chain   the newest checkpoint.
     * @param interval number of objects behind which a checkpoint is due.
     */
    StoredMap(
            final Checkpoint.Author author,
            final ExtentMap map,
            final MapChanges changes,
            final CheckpointChain chain,
            final int interval) {
        this.author = author;
        this.map = map;
        this.changes = changes;
        this.chain = chain;
        this.interval = interval;
    }

    /** An object is in the store with all before it. */
    void onStored(final ObjectLayout layout) {
        layout.applyTo(map, changes);
    }

    /** Newest checkpoint that is in the store with all before it. */
    long checkpoint() {
        return chain.newest();
    }

    boolean isCheckpointDue() {
        return changes.objects() >= interval;
    }

    boolean hasChanged() {
        return changes.objects() > 0;
    }

    /** Builds the next checkpoint; everything that has been told must be in the store. */
    MemorySegment buildCheckpoint(final long sequence, final Covered covered) {
        final long wholeLength = Checkpoint.length(map.extentCount(), author.epochs(), 0);
        final long deltaLength = Checkpoint.length(changes.extentCount(), author.epochs(), chain.deltas() + 1);
        isNextWhole =
                chain.isEmpty() || chain.deltas() >= MAX_DELTAS || wholeLength <= chain.deltaBytes() + deltaLength;
        return isNextWhole
                ? Checkpoint.whole(author, sequence, covered, map)
                : Checkpoint.delta(author, sequence, covered, chain, changes);
    }

    /** The checkpoint that was built is in the store. */
    void onCheckpointStored(final long sequence, final long length) {
        chain = isNextWhole ? CheckpointChain.whole(sequence) : chain.with(sequence, length);
        changes.clear();
    }

    @Override
    public void close() {
        map.close();
        changes.close();
    }
}

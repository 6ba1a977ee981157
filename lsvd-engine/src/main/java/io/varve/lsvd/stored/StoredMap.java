package io.varve.lsvd.stored;

import io.varve.linux.Background;
import io.varve.lsvd.format.FormatException;
import io.varve.lsvd.history.Checkpoint;
import io.varve.lsvd.history.CheckpointChain;
import io.varve.lsvd.history.Epochs;
import io.varve.lsvd.history.MapChanges;
import io.varve.lsvd.history.ObjectTable;
import io.varve.lsvd.map.ExtentMap;
import io.varve.lsvd.map.Location;
import io.varve.lsvd.objects.ObjectWriter;
import java.lang.foreign.MemorySegment;

/**
 * The extent map as the objects in the store make it, the table of those objects, and what of both no checkpoint holds yet; decides
 * when the next checkpoint is due, and whether it is whole or a delta. One thread's.
 *
 * <p>A checkpoint is due behind every so many objects, or when one is wanted so that dead objects may be deleted. Once the
 * deltas since the last whole checkpoint would add up to the length of a whole one, the next is whole: so whole ones cost about
 * as much as deltas, together about 1 % of what clients write in pieces of 4 KiB.
 */
public final class StoredMap implements AutoCloseable {
    private static final int MAX_DELTAS = 256;

    /** What two objects of scattered blocks add to a checkpoint, in bytes. */
    private static final long TWO_OBJECTS = 2 * 2 * 2048 * 16;

    private final Checkpoint.Author author;
    private final ExtentMap map;
    private final MapChanges changes;
    private final ObjectTable objects;
    private final int interval;
    private CheckpointChain chain;
    private boolean isCounted;
    private boolean isNextWhole;
    private long nextLength;
    private boolean isWanted;

    /**
     * Makes the account; map, changes and table are its own from now on.
     *
     * @param map     all that the objects map.
     * @param changes what is not in the newest checkpoint.
     * @param objects the volume's objects; their live blocks need not be counted.
     * @param chain   the newest checkpoint.
     * @param interval number of objects behind which a checkpoint is due.
     */
    public StoredMap(
            final Checkpoint.Author author,
            final ExtentMap map,
            final MapChanges changes,
            final ObjectTable objects,
            final CheckpointChain chain,
            final int interval) {
        this.author = author;
        this.map = map;
        this.changes = changes;
        this.objects = objects;
        this.chain = chain;
        this.interval = interval;
    }

    /**
     * Counts what is live in which object: once, before anything else is told.
     *
     * @param sequence of the last object so far: what is found dead is dead since then at the latest.
     * @return false when that has been done before.
     */
    public boolean count(final long sequence) {
        if (isCounted) {
            return false;
        }
        isCounted = true;
        count(map, objects, sequence);
        return true;
    }

    /**
     * Counts what of a table of objects a map names.
     *
     * @param sequence of the last object so far: what is found dead is dead since then at the latest.
     */
    public static void count(final ExtentMap map, final ObjectTable objects, final long sequence) {
        for (long at = 0; map.find(at); at = map.foundBlock() + map.foundLength()) {
            objects.mapped(Location.sequence(map.foundLocation()), map.foundLength());
        }
        for (int i = 0; i < objects.count(); i++) {
            if (objects.live(i) > 0) {
                objects.revive(i);
            } else if (objects.generation(i) != ObjectTable.CHECKPOINT) {
                objects.die(i, sequence);
            }
        }
    }

    /** A data object is in the store with all before it. */
    public void onStored(final ObjectLayout layout) {
        final long sequence = layout.sequence();
        objects.add(sequence, layout.objectLength(), layout.blockCount(), layout.generation());
        changes.onObject();
        for (int i = 0; i < layout.extentCount(); i++) {
            Background.pause();
            final long block = layout.block(i);
            final int length = layout.length(i);
            unmapped(block, length, sequence);
            if (layout.isTrim(i)) {
                map.remove(block, length);
                changes.onRemoved(block, length);
            } else {
                map.put(block, length, layout.location(i));
                changes.onWritten(block, length, layout.location(i));
                objects.mapped(sequence, length);
            }
        }
        dieIfUnmapped(sequence, sequence);
    }

    /** The map. To be looked at only. */
    public ExtentMap map() {
        return map;
    }

    /** The volume's objects. What has been deleted is to be taken out by whoever deletes. */
    public ObjectTable objects() {
        return objects;
    }

    /** Epochs of all objects that the map names. */
    public Epochs epochs() {
        return author.epochs();
    }

    /** Newest checkpoint that is in the store with all before it. */
    public long checkpoint() {
        return chain.newest();
    }

    /** Blocks that are mapped to objects of the volume's ancestors. */
    public long inheritedBlocks() {
        return map.mappedBlocks() - objects.liveBlocks();
    }

    /** Whether neither the map nor the newest checkpoint in the store needs an object of the volume's ancestors. */
    public boolean isFlat() {
        return inheritedBlocks() == 0
                && (chain.isEmpty() || objects.find(chain.sequences().getFirst()) >= 0);
    }

    /** Asks for a checkpoint soon, and that it be whole. */
    public void wantWholeCheckpoint() {
        isWanted = true;
        changes.onUnknown();
    }

    /** Asks for a checkpoint soon. */
    public void wantCheckpoint() {
        isWanted = true;
    }

    /** Whether a checkpoint should be next. */
    public boolean isCheckpointDue() {
        return changes.objects() >= interval || isWanted;
    }

    /** Whether something has changed since the newest checkpoint. */
    public boolean hasChanged() {
        return changes.objects() > 0;
    }

    /** Number of objects since the newest checkpoint. */
    public int changedObjects() {
        return changes.objects();
    }

    /** How long the next checkpoint will be at most, in bytes, if it comes behind one or two more objects. */
    public long nextCheckpointLength() {
        final long whole = Checkpoint.wholeLength(author.epochs(), objects, map);
        final long delta = Checkpoint.deltaLength(author.epochs(), chain, objects, changes) + TWO_OBJECTS;
        return isWholeDue(whole, delta) ? whole : delta;
    }

    /** One that would be too long is put off for as long as deltas will do. */
    private boolean isWholeDue(final long wholeLength, final long deltaLength) {
        return chain.isEmpty()
                || changes.isIncomplete()
                || wholeLength <= Checkpoint.MAX_LENGTH
                        && (chain.deltas() >= MAX_DELTAS || wholeLength <= chain.deltaBytes() + deltaLength);
    }

    /**
     * Builds the next checkpoint; everything that has been told must be in the store.
     *
     * @param writer makes the object.
     * @throws FormatException when it would be longer than an object can be.
     */
    public MemorySegment buildCheckpoint(final Checkpoint.Statement statement, final ObjectWriter writer)
            throws FormatException {
        final long wholeLength = Checkpoint.wholeLength(author.epochs(), objects, map);
        final long deltaLength = Checkpoint.deltaLength(author.epochs(), chain, objects, changes);
        isNextWhole = isWholeDue(wholeLength, deltaLength);
        nextLength = isNextWhole ? wholeLength : deltaLength;
        if (nextLength > Checkpoint.MAX_LENGTH) {
            throw new FormatException("a checkpoint of the volume's " + map.extentCount()
                    + " extents would be longer than the 2 GiB that an object can have; what is not in the store yet"
                    + " stays in the local log, and the volume can be served read-only and exported");
        }
        if (isNextWhole) {
            for (int i = 0; i < objects.count(); i++) {
                if (objects.generation(i) == ObjectTable.CHECKPOINT) {
                    objects.die(i, statement.sequence());
                }
            }
        }
        final MemorySegment bytes = isNextWhole
                ? Checkpoint.whole(author, statement, objects, map, writer)
                : Checkpoint.delta(author, statement, chain, objects, changes, writer);
        objects.clearChanges();
        isWanted = false;
        return bytes;
    }

    /** The checkpoint that was built is in the store. */
    public void onCheckpointStored(final long sequence, final long length) {
        chain = isNextWhole ? CheckpointChain.whole(sequence) : chain.with(sequence, nextLength);
        changes.clear();
        objects.add(sequence, length, 0, ObjectTable.CHECKPOINT);
    }

    @Override
    public void close() {
        map.close();
        changes.close();
    }

    private void unmapped(final long block, final long length, final long sequence) {
        final long end = block + length;
        long at = block;
        while (at < end && map.find(at) && map.foundBlock() < end) {
            final long start = Math.max(at, map.foundBlock());
            final long stop = Math.min(end, map.foundBlock() + map.foundLength());
            final long object = Location.sequence(map.foundLocation());
            objects.mapped(object, (int) (start - stop));
            dieIfUnmapped(object, sequence);
            at = stop;
        }
    }

    private void dieIfUnmapped(final long object, final long since) {
        final int index = objects.find(object);
        if (index >= 0 && objects.live(index) == 0) {
            objects.die(index, since);
        }
    }
}

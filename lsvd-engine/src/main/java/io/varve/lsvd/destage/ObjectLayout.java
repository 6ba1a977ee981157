package io.varve.lsvd.destage;

import io.varve.lsvd.format.Covered;
import io.varve.lsvd.format.Superblock;
import io.varve.lsvd.history.MapChanges;
import io.varve.lsvd.map.ExtentMap;
import io.varve.lsvd.map.Location;

/**
 * What an object made of a batch holds: trims, and extents with where they came from in the log. Data blocks stand in the
 * object in the order of the extents. Immutable once built.
 */
public final class ObjectLayout {
    private static final int TRIM = -1;

    private final long sequence;
    private final long firstRecord;
    private final Covered covered;
    private final long[] blocks;
    private final int[] lengths;
    private final int[] dataBlocks;
    private final long[] logPositions;
    private final int blockCount;
    private final long objectLength;

    ObjectLayout(
            final long sequence,
            final long firstRecord,
            final Covered covered,
            final long[] blocks,
            final int[] lengths,
            final int[] dataBlocks,
            final long[] logPositions,
            final int blockCount,
            final long objectLength) {
        this.sequence = sequence;
        this.firstRecord = firstRecord;
        this.covered = covered;
        this.blocks = blocks;
        this.lengths = lengths;
        this.dataBlocks = dataBlocks;
        this.logPositions = logPositions;
        this.blockCount = blockCount;
        this.objectLength = objectLength;
    }

    static boolean isTrim(final int dataBlock) {
        return dataBlock == TRIM;
    }

    static int trim() {
        return TRIM;
    }

    /** The object's place in the volume's sequence. */
    public long sequence() {
        return sequence;
    }

    /** Sequence of the first record that the object covers. */
    public long firstRecord() {
        return firstRecord;
    }

    /** What this object and all before it cover. */
    public Covered covered() {
        return covered;
    }

    /** First record behind what the object covers. */
    public Superblock.Tail to() {
        return covered.logEnd();
    }

    /** Number of extents, trims included. */
    public int extentCount() {
        return blocks.length;
    }

    /** Number of data blocks. */
    public int blockCount() {
        return blockCount;
    }

    /** Length of the object in bytes. */
    public long objectLength() {
        return objectLength;
    }

    /** Maps what the object holds, as someone does who knows nothing of the log, and notes what has changed. */
    void applyTo(final ExtentMap map, final MapChanges changes) {
        changes.onObject();
        for (int i = 0; i < blocks.length; i++) {
            if (isTrim(dataBlocks[i])) {
                map.remove(blocks[i], lengths[i]);
                changes.onRemoved(blocks[i], lengths[i]);
            } else {
                final long location = Location.inObject(sequence, dataBlocks[i]);
                map.put(blocks[i], lengths[i], location);
                changes.onWritten(blocks[i], lengths[i], location);
            }
        }
    }

    /** Whether an extent's data stands in a run of the log, in blocks. */
    public boolean isFrom(final int extent, final long positionBlocks, final int blocks) {
        return !isTrim(dataBlocks[extent])
                && logPositions[extent] < positionBlocks + blocks
                && positionBlocks < logPositions[extent] + lengths[extent];
    }

    /** Turns whatever of an extent is still mapped to the log to the object. */
    public void relocate(final int extent, final ExtentMap map) {
        if (!isTrim(dataBlocks[extent])) {
            map.relocate(
                    blocks[extent],
                    lengths[extent],
                    Location.inLog(logPositions[extent]),
                    Location.inObject(sequence, dataBlocks[extent]));
        }
    }
}

package io.varve.lsvd.stored;

import io.varve.lsvd.format.Covered;
import io.varve.lsvd.format.Superblock;
import io.varve.lsvd.map.Location;

/**
 * What a data object holds: trims, and extents with where they came from, the log or older objects. Data blocks stand in the object
 * in the order of the extents. Immutable once built.
 */
public final class ObjectLayout {
    private static final int TRIM = -1;

    private final long sequence;
    private final long firstRecord;
    private final Covered covered;
    private final long[] blocks;
    private final int[] lengths;
    private final int[] dataBlocks;
    private final long[] sources;
    private final int blockCount;
    private final long objectLength;
    private final int generation;

    /**
     * Describes an object.
     *
     * @param sequence     the object's place in the volume's sequence.
     * @param firstRecord  sequence of the first log record that it covers.
     * @param covered      what it and all before it cover.
     * @param blocks       first block of the volume of each extent.
     * @param lengths      length of each extent in blocks.
     * @param dataBlocks   first data block of each extent, or {@link #trim()}.
     * @param sources      location of each extent's data before.
     * @param blockCount   number of data blocks.
     * @param objectLength length of the object in bytes; 0 while it is not known.
     * @param generation   how often the data has been collected: 0 for a batch of the log.
     */
    public ObjectLayout(
            final long sequence,
            final long firstRecord,
            final Covered covered,
            final long[] blocks,
            final int[] lengths,
            final int[] dataBlocks,
            final long[] sources,
            final int blockCount,
            final long objectLength,
            final int generation) {
        this.sequence = sequence;
        this.firstRecord = firstRecord;
        this.covered = covered;
        this.blocks = blocks;
        this.lengths = lengths;
        this.dataBlocks = dataBlocks;
        this.sources = sources;
        this.blockCount = blockCount;
        this.objectLength = objectLength;
        this.generation = generation;
    }

    /** The layout of an object that holds no data, but covers records of the log. */
    public static ObjectLayout empty(final long sequence, final long firstRecord, final Covered covered) {
        return new ObjectLayout(
                sequence, firstRecord, covered, new long[0], new int[0], new int[0], new long[0], 0, 0, 0);
    }

    /** The same, of an object that has turned out to be so many bytes long. */
    public ObjectLayout withObjectLength(final long length) {
        return new ObjectLayout(
                sequence, firstRecord, covered, blocks, lengths, dataBlocks, sources, blockCount, length, generation);
    }

    /** What stands for the first data block of an extent that was trimmed. */
    public static int trim() {
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

    /** How often the data has been collected: 0 for a batch of the log. */
    public int generation() {
        return generation;
    }

    /** Whether this is the output of garbage collection, which changes nothing of what the volume holds. */
    public boolean isCollected() {
        return generation > 0;
    }

    /** First block of the volume of an extent. */
    public long block(final int extent) {
        return blocks[extent];
    }

    /** Length of an extent in blocks. */
    public int length(final int extent) {
        return lengths[extent];
    }

    /** Whether an extent was trimmed: it reads as zeros. */
    public boolean isTrim(final int extent) {
        return dataBlocks[extent] == TRIM;
    }

    /** First data block of an extent that was not trimmed. */
    public int dataBlock(final int extent) {
        return dataBlocks[extent];
    }

    /** Where an extent's data was before. */
    public long source(final int extent) {
        return sources[extent];
    }

    /** Where an extent's data is in the object. */
    public long location(final int extent) {
        return Location.inObject(sequence, dataBlocks[extent]);
    }
}

package io.varve.lsvd.history;

import java.util.Arrays;
import org.agrona.collections.LongHashSet;

/**
 * The objects of a volume that stand in the store: data and checkpoints, not seals, and not what a clone shares with its
 * ancestors. Knows of each how many of its blocks the volume still maps, and since when it is dead, so that garbage
 * collection can choose and deletion can prove. Kept in checkpoints. On the heap, about 50 bytes an object; one thread's.
 *
 * <p>An object of sequence q that is dead since d was needed by the volume as it stood at every sequence from q up to, and not
 * including, d: so a snapshot at P needs it if and only if q &lt;= P &lt; d.
 */
public final class ObjectTable {
    /** What {@link #deadSince(int)} is while an object is needed. */
    public static final long ALIVE = -1;

    /** The generation of a checkpoint; data has one from 0, as clients wrote it, up to this, by how often it was collected. */
    public static final int CHECKPOINT = 255;

    /** Greatest generation of data. */
    public static final int MAX_GENERATION = 2;

    private long[] sequences = new long[64];
    private long[] lengths = new long[64];
    private long[] deadSince = new long[64];
    private int[] blocks = new int[64];
    private int[] live = new int[64];
    private byte[] generations = new byte[64];
    private int count;
    private int lastFound;
    private long storedBytes;
    private long deadBytes;
    private long liveBlocks;
    private long liveBytes;
    private final LongHashSet changed = new LongHashSet();

    /** Number of objects. */
    public int count() {
        return count;
    }

    /** Bytes of all objects. */
    public long storedBytes() {
        return storedBytes;
    }

    /** Bytes of objects that are dead. */
    public long deadBytes() {
        return deadBytes;
    }

    /** Blocks of these objects that the volume maps. */
    public long liveBlocks() {
        return liveBlocks;
    }

    /** Bytes of these objects, as they are stored, that hold those blocks: reckoned from each object's blocks and length. */
    public long liveBytes() {
        return liveBytes;
    }

    /** Adds an object, or does nothing when it is there. */
    public void add(final long sequence, final long length, final int blockCount, final int generation) {
        final int place = placeOf(sequence);
        if (place < count && sequences[place] == sequence) {
            return;
        }
        insert(place, sequence, length, blockCount, generation, ALIVE);
        changed.add(sequence);
    }

    /** The index of an object, or -1 when it is not here. */
    public int find(final long sequence) {
        if (lastFound < count && sequences[lastFound] == sequence) {
            return lastFound;
        }
        final int place = placeOf(sequence);
        if (place < count && sequences[place] == sequence) {
            lastFound = place;
            return place;
        }
        return -1;
    }

    /** Sequence of the object at an index; they ascend. */
    public long sequence(final int index) {
        return sequences[index];
    }

    /** Its length in bytes. */
    public long length(final int index) {
        return lengths[index];
    }

    /** Number of its data blocks. */
    public int blocks(final int index) {
        return blocks[index];
    }

    /** Number of its data blocks that the volume maps. */
    public int live(final int index) {
        return live[index];
    }

    /** Bytes of the object, as it is stored, that hold blocks which the volume maps. */
    public long liveLength(final int index) {
        return blocks[index] == 0 ? 0 : (long) ((double) lengths[index] * live[index] / blocks[index]);
    }

    /** Sequence of the object with which the volume ceased to need it, or {@link #ALIVE}. */
    public long deadSince(final int index) {
        return deadSince[index];
    }

    /** How often its data has been collected, or {@link #CHECKPOINT}. */
    public int generation(final int index) {
        return generations[index] & 0xff;
    }

    /** So many more blocks of an object are mapped, or fewer. One that is not here is no matter. */
    public void mapped(final long sequence, final int difference) {
        final int index = find(sequence);
        if (index >= 0) {
            liveBytes -= liveLength(index);
            live[index] += difference;
            liveBytes += liveLength(index);
            liveBlocks += difference;
        }
    }

    /** The object at an index is not needed from a sequence on. */
    public void die(final int index, final long since) {
        if (deadSince[index] == ALIVE) {
            deadSince[index] = since;
            deadBytes += lengths[index];
            changed.add(sequences[index]);
        }
    }

    /** An object that was dead is needed again. */
    public void revive(final int index) {
        if (deadSince[index] != ALIVE) {
            deadSince[index] = ALIVE;
            deadBytes -= lengths[index];
            changed.add(sequences[index]);
        }
    }

    /** Forgets an object that has been deleted. */
    public void remove(final long sequence) {
        drop(find(sequence));
        changed.add(sequence);
    }

    /** Number of entries that a checkpoint has to list: all, or what has changed since {@link #clearChanges()}. */
    long entryCount(final boolean isWhole) {
        return isWhole ? count : changed.size();
    }

    /** Sequences of what has changed, gone ones included, ascending. */
    long[] changedSequences() {
        final long[] sorted = new long[changed.size()];
        int at = 0;
        final LongHashSet.LongIterator iterator = changed.iterator();
        while (iterator.hasNext()) {
            sorted[at++] = iterator.nextValue();
        }
        Arrays.sort(sorted);
        return sorted;
    }

    /** What has changed is in a checkpoint that is in the store. */
    public void clearChanges() {
        changed.clear();
    }

    /** Takes over an entry of a checkpoint. */
    void load(final long sequence, final long length, final int blockCount, final int generation, final long dead) {
        drop(find(sequence));
        insert(placeOf(sequence), sequence, length, blockCount, generation, dead);
    }

    private int placeOf(final long sequence) {
        if (count == 0 || sequence > sequences[count - 1]) {
            return count;
        }
        final int found = Arrays.binarySearch(sequences, 0, count, sequence);
        return found >= 0 ? found : -found - 1;
    }

    private void drop(final int index) {
        if (index < 0) {
            return;
        }
        storedBytes -= lengths[index];
        liveBlocks -= live[index];
        liveBytes -= liveLength(index);
        if (deadSince[index] != ALIVE) {
            deadBytes -= lengths[index];
        }
        move(index + 1, index, count - index - 1);
        count--;
    }

    private void insert(
            final int place,
            final long sequence,
            final long length,
            final int blockCount,
            final int generation,
            final long dead) {
        if (count == sequences.length) {
            final int more = count * 2;
            sequences = Arrays.copyOf(sequences, more);
            lengths = Arrays.copyOf(lengths, more);
            deadSince = Arrays.copyOf(deadSince, more);
            blocks = Arrays.copyOf(blocks, more);
            live = Arrays.copyOf(live, more);
            generations = Arrays.copyOf(generations, more);
        }
        move(place, place + 1, count - place);
        sequences[place] = sequence;
        lengths[place] = length;
        deadSince[place] = dead;
        blocks[place] = blockCount;
        live[place] = 0;
        generations[place] = (byte) generation;
        storedBytes += length;
        if (dead != ALIVE) {
            deadBytes += length;
        }
        count++;
    }

    private void move(final int from, final int to, final int length) {
        System.arraycopy(sequences, from, sequences, to, length);
        System.arraycopy(lengths, from, lengths, to, length);
        System.arraycopy(deadSince, from, deadSince, to, length);
        System.arraycopy(blocks, from, blocks, to, length);
        System.arraycopy(live, from, live, to, length);
        System.arraycopy(generations, from, generations, to, length);
    }
}

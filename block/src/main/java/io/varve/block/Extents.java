package io.varve.block;

import java.util.Arrays;

/**
 * What the parts of a range are: a bounded list of neighbouring lengths, each with data or known to read as zeros.
 * Made once
 * and filled again and again by {@link BlockDevice#extents}; the caller's, but between that call and its completion.
 */
public final class Extents {
    private final long[] lengths;
    private final boolean[] allocated;
    private int count;
    private long totalLength;

    /**
     * Makes an empty list.
     *
     * @param capacity most parts, at least 1.
     */
    public Extents(final int capacity) {
        if (capacity < 1) {
            throw new IllegalArgumentException("capacity: " + capacity);
        }
        lengths = new long[capacity];
        allocated = new boolean[capacity];
    }

    /** Empties it. */
    public void clear() {
        count = 0;
        totalLength = 0;
    }

    /**
     * Appends a part. It becomes one with the last if both are alike.
     *
     * @param length      in bytes, above 0.
     * @param isAllocated whether it holds data.
     * @return whether there was room; if not, nothing has changed.
     */
    public boolean add(final long length, final boolean isAllocated) {
        if (length <= 0) {
            throw new IllegalArgumentException("length: " + length);
        }
        if (count > 0 && allocated[count - 1] == isAllocated) {
            lengths[count - 1] += length;
        } else if (count == lengths.length) {
            return false;
        } else {
            lengths[count] = length;
            allocated[count] = isAllocated;
            count++;
        }
        totalLength += length;
        return true;
    }

    /** Number of parts. */
    public int count() {
        return count;
    }

    /** Length of a part in bytes. */
    public long length(final int index) {
        return lengths[check(index)];
    }

    /** Whether a part holds data; one that does not reads as zeros. Neighbours differ. */
    public boolean isAllocated(final int index) {
        return allocated[check(index)];
    }

    /** Length of all parts in bytes. */
    public long totalLength() {
        return totalLength;
    }

    private int check(final int index) {
        if (index >= count) {
            throw new IndexOutOfBoundsException(index);
        }
        return index;
    }

    @Override
    public String toString() {
        return Arrays.toString(Arrays.copyOf(lengths, count)) + Arrays.toString(Arrays.copyOf(allocated, count));
    }
}

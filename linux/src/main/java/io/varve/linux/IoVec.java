package io.varve.linux;

/**
 * A scatter-gather list of raw memory: what a request's buffers look like to whoever moves its bytes.
 *
 * <p>Reused and never shrunk, so that filling it allocates nothing once it has grown to its working size. Not thread-safe.
 */
public final class IoVec {
    /** Entries that a new list has room for. */
    public static final int INITIAL_CAPACITY = 16;

    private long[] addresses = new long[INITIAL_CAPACITY];
    private int[] lengths = new int[INITIAL_CAPACITY];
    private int count;
    private long totalLength;

    /** Forgets all entries. */
    public void clear() {
        count = 0;
        totalLength = 0;
    }

    /**
     * Appends an entry; one that continues the last in memory is merged with it.
     *
     * @param address native address.
     * @param length  in bytes; 0 is ignored.
     */
    public void add(long address, int length) {
        if (length == 0) {
            return;
        }
        totalLength += length;
        if (count > 0) {
            final int last = count - 1;
            if (addresses[last] + lengths[last] == address && lengths[last] + (long) length <= Integer.MAX_VALUE) {
                lengths[last] += length;
                return;
            }
        }
        if (count == addresses.length) {
            addresses = java.util.Arrays.copyOf(addresses, count * 2);
            lengths = java.util.Arrays.copyOf(lengths, count * 2);
        }
        addresses[count] = address;
        lengths[count] = length;
        count++;
    }

    /** Number of entries that there is room for: 12 bytes each. */
    public int capacity() {
        return lengths.length;
    }

    /** Number of entries. */
    public int count() {
        return count;
    }

    /** Native address of entry {@code index}. */
    public long address(int index) {
        return addresses[index];
    }

    /** Length in bytes of entry {@code index}. */
    public int length(int index) {
        return lengths[index];
    }

    /** Sum of all lengths, in bytes. */
    public long totalLength() {
        return totalLength;
    }
}

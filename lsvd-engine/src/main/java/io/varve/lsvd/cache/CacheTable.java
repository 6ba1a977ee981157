package io.varve.lsvd.cache;

import io.varve.linux.ErrnoException;
import io.varve.linux.Mapping;
import io.varve.linux.Memory;
import java.lang.invoke.VarHandle;

/**
 * What stands in each slot of the cache's file, and the way from a line to its slot: a hash table with chains, outside the heap.
 * One thread, the cache's agent, changes it; any thread looks up, without lock or wait.
 *
 * <p>A slot's version is odd while its entry holds. It grows with every change, so that whoever finds the version unchanged
 * after reading entry or file knows that both belong together. A lookup beside a change may miss what is there: that costs a
 * read of the store.
 *
 * <pre>
 *  0  u64  version                           40  u32  use (see {@link #touch})
 *  8  u32  next in the chain, plus one       44  u32  number of blocks
 * 12  u32  next in the slot's queue, plus one 48 u32  queue (agent only)
 * 16  u64  high half of the object's tag     52  zeros
 * 24  u64  low half                          64  CRC32C of each block
 * 32  u64  line
 * </pre>
 */
final class CacheTable implements AutoCloseable {
    /** Length of an entry in bytes, here and in the file. */
    static final int ENTRY_LENGTH = 128;

    /** Greatest number of hits that are remembered. */
    static final int MAX_HITS = 3;

    static final int TAG_HIGH_OFFSET = 16;
    static final int TAG_LOW_OFFSET = 24;
    static final int LINE_OFFSET = 32;
    static final int CRCS_OFFSET = 64;

    private static final int CHAIN_OFFSET = 8;
    private static final int NEXT_OFFSET = 12;
    private static final int USE_OFFSET = 40;
    private static final int COUNT_OFFSET = 44;
    private static final int QUEUE_OFFSET = 48;

    private static final int TOUCHED = (1 << CacheLine.BLOCKS) - 1;
    private static final int ONE_HIT = 1 << CacheLine.BLOCKS;
    private static final int DISTRUSTED = 1 << 31;

    /** Number of degrees of {@link Held#heat}: the hits that are remembered, and whether they are in the main queue. */
    static final int HEATS = 2 * (MAX_HITS + 1);

    /** Longest chain that is followed: far more than chance makes, and a bound beside changes. */
    private static final int MAX_CHAIN = 64;

    private final Mapping entries;
    private final Mapping heads;
    private final int headMask;

    /** A slot and the version of its entry, as a lookup found them. One for each thread that looks up. */
    static final class Found {
        int slot;
        long version;
        int count;
    }

    /** What a slot holds, as {@link #read} found it. One for each thread that reads. */
    static final class Held {
        long tagHigh;
        long tagLow;
        long line;

        /** The greater, the hotter: below {@value CacheTable#HEATS}. */
        int heat;
    }

    /** Makes a table of so many empty slots. */
    CacheTable(final int slots) throws ErrnoException {
        final int headCount = Integer.highestOneBit(Math.max(16, slots)) << 1;
        headMask = headCount - 1;
        entries = Mapping.anonymous((long) slots * ENTRY_LENGTH);
        try {
            heads = Mapping.anonymous((long) headCount * Integer.BYTES);
        } catch (final ErrnoException e) {
            entries.close();
            throw e;
        }
    }

    /** Finds the slot of a line; false when there is none, or it is not trusted. Any thread. */
    boolean find(final long tagHigh, final long tagLow, final long line, final Found found) {
        int next = Memory.getIntAcquire(head(tagLow, line));
        for (int i = 0; next != 0 && i < MAX_CHAIN; i++) {
            final long entry = entry(next - 1);
            final long version = Memory.getLongAcquire(entry);
            if ((version & 1) != 0
                    && Memory.getLong(entry + LINE_OFFSET) == line
                    && Memory.getLong(entry + TAG_LOW_OFFSET) == tagLow
                    && Memory.getLong(entry + TAG_HIGH_OFFSET) == tagHigh) {
                found.slot = next - 1;
                found.version = version;
                found.count = Memory.getInt(entry + COUNT_OFFSET);
                return isStill(found.slot, version) && !isDistrusted(found.slot);
            }
            next = Memory.getIntAcquire(entry + CHAIN_OFFSET);
        }
        return false;
    }

    /** Whether a slot's entry is the one that was found: to be asked after what was read of it or of its line. Any thread. */
    boolean isStill(final int slot, final long version) {
        VarHandle.loadLoadFence();
        return Memory.getLongAcquire(entry(slot)) == version;
    }

    /** Reads what a slot holds; false when it holds nothing, or something else meanwhile. Any thread. */
    boolean read(final int slot, final Held held) {
        final long entry = entry(slot);
        final long version = Memory.getLongAcquire(entry);
        if ((version & 1) == 0) {
            return false;
        }
        held.tagHigh = tagHigh(slot);
        held.tagLow = tagLow(slot);
        held.line = line(slot);
        held.heat = 2 * hits(slot) + (queue(slot) == Replacement.MAIN ? 1 : 0);
        return isStill(slot, version) && !isDistrusted(slot);
    }

    /** The CRC32C of a block of a slot's line. Any thread. */
    int crc(final int slot, final int place) {
        return Memory.getInt(entry(slot) + CRCS_OFFSET + (long) place * Integer.BYTES);
    }

    /**
     * Notes that blocks of a slot are read. It is a hit when they have been read before: to read one block of a line after the
     * other is no more than to read it once. Any thread; of several at once, some may be forgotten.
     */
    void touch(final int slot, final int mask) {
        final long at = entry(slot) + USE_OFFSET;
        final int use = Memory.getIntOpaque(at);
        if ((use & mask) != mask) {
            Memory.putIntRelease(at, use | mask);
        } else if (use >= 0 && use >>> CacheLine.BLOCKS < MAX_HITS) {
            Memory.putIntRelease(at, use + ONE_HIT);
        }
    }

    /** Has a slot be found no more, since the file does not hold what it should. Any thread. */
    void distrust(final int slot) {
        Memory.putIntRelease(entry(slot) + USE_OFFSET, DISTRUSTED);
    }

    private boolean isDistrusted(final int slot) {
        return Memory.getIntOpaque(entry(slot) + USE_OFFSET) < 0;
    }

    /**
     * Lets an entry hold.
     *
     * @param touched places that have been read already, as bits.
     * @param crcs    address of the CRC32Cs.
     */
    void insert(
            final int slot,
            final long tagHigh,
            final long tagLow,
            final long line,
            final int count,
            final int touched,
            final long crcs) {
        final long entry = entry(slot);
        VarHandle.storeStoreFence();
        Memory.putLong(entry + TAG_HIGH_OFFSET, tagHigh);
        Memory.putLong(entry + TAG_LOW_OFFSET, tagLow);
        Memory.putLong(entry + LINE_OFFSET, line);
        Memory.putInt(entry + COUNT_OFFSET, count);
        Memory.putIntRelease(entry + USE_OFFSET, touched);
        Memory.copy(crcs, entry + CRCS_OFFSET, (long) count * Integer.BYTES);
        final long head = head(tagLow, line);
        Memory.putIntRelease(entry + CHAIN_OFFSET, Memory.getInt(head));
        Memory.putLongRelease(entry, Memory.getLong(entry) + 1);
        Memory.putIntRelease(head, slot + 1);
    }

    /** Lets an entry hold no more. What it says stays until the slot is used again. */
    void remove(final int slot) {
        final long entry = entry(slot);
        Memory.putLongRelease(entry, Memory.getLong(entry) + 1);
        long link = head(tagLow(slot), line(slot));
        while (Memory.getInt(link) != slot + 1) {
            link = entry(Memory.getInt(link) - 1) + CHAIN_OFFSET;
        }
        Memory.putIntRelease(link, Memory.getInt(entry + CHAIN_OFFSET));
    }

    /** Whether an entry holds. Agent only, as all that follow. */
    boolean isHeld(final int slot) {
        return (Memory.getLong(entry(slot)) & 1) != 0;
    }

    long tagHigh(final int slot) {
        return Memory.getLong(entry(slot) + TAG_HIGH_OFFSET);
    }

    long tagLow(final int slot) {
        return Memory.getLong(entry(slot) + TAG_LOW_OFFSET);
    }

    long line(final int slot) {
        return Memory.getLong(entry(slot) + LINE_OFFSET);
    }

    int count(final int slot) {
        return Memory.getInt(entry(slot) + COUNT_OFFSET);
    }

    /** Address of the CRC32Cs of a slot. */
    long crcs(final int slot) {
        return entry(slot) + CRCS_OFFSET;
    }

    /** Hits since the slot was filled or last asked to forget some, at most {@value #MAX_HITS}; none of one not trusted. */
    int hits(final int slot) {
        final int use = Memory.getIntOpaque(entry(slot) + USE_OFFSET);
        return use < 0 ? 0 : use >>> CacheLine.BLOCKS;
    }

    /** Sets how many hits are remembered. */
    void hits(final int slot, final int hits) {
        final long at = entry(slot) + USE_OFFSET;
        Memory.putIntRelease(at, Memory.getIntOpaque(at) & TOUCHED | hits << CacheLine.BLOCKS);
    }

    /** The queue that a slot is in. */
    int queue(final int slot) {
        return Memory.getInt(entry(slot) + QUEUE_OFFSET);
    }

    /** Sets the queue that a slot is in. */
    void queue(final int slot, final int queue) {
        Memory.putInt(entry(slot) + QUEUE_OFFSET, queue);
    }

    /** The slot behind one in its queue, plus one; 0 for none. */
    int next(final int slot) {
        return Memory.getInt(entry(slot) + NEXT_OFFSET);
    }

    /** Sets the slot behind one in its queue, plus one. */
    void next(final int slot, final int next) {
        Memory.putInt(entry(slot) + NEXT_OFFSET, next);
    }

    /** A number made of a line's name, well mixed. */
    static long hash(final long tagLow, final long line) {
        final long mixed = (tagLow ^ line) * 0x9e3779b97f4a7c15L;
        return mixed ^ mixed >>> 32;
    }

    /** Frees the memory; nobody may look up any more. */
    @Override
    public void close() {
        entries.close();
        heads.close();
    }

    private long head(final long tagLow, final long line) {
        return heads.address() + (hash(tagLow, line) & headMask) * Integer.BYTES;
    }

    private long entry(final int slot) {
        return entries.address() + (long) slot * ENTRY_LENGTH;
    }
}

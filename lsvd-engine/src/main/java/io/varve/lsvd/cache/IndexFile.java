package io.varve.lsvd.cache;

import io.varve.linux.Memory;
import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.format.Checksum;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.BitSet;
import java.util.function.IntConsumer;

/**
 * The index in the cache's file, from which the table is made when the cache is opened. The agent's. An entry is
 *
 * <pre>
 *  0  u32  CRC32C of the rest                24  u64  low half of the object's tag
 *  4  u8   number of blocks; 0: none         32  u64  line
 *  5  u8   queue: 1 small, 2 main            40  u32  slot
 *  6  2B   zero                              44  zeros
 *  8  u64  the file's instance               64  CRC32C of each block
 * 16  u64  high half of the object's tag
 * </pre>
 *
 * <p>The order of {@link #commit} is what keeps the index true after any crash: first the lines are made durable, then the
 * entries that name them are written and made durable, and only after that is a slot that was given up before used again.
 */
final class IndexFile {
    private static final int BUFFER_PAGES = 16;
    private static final int COUNT_OFFSET = 4;
    private static final int QUEUE_OFFSET = 5;
    private static final int INSTANCE_OFFSET = 8;
    private static final int SLOT_OFFSET = 40;

    private final CacheFile file;
    private final CacheGeometry geometry;
    private final CacheTable table;
    private final BitSet dirtyPages = new BitSet();
    private final MemorySegment buffer = Arena.ofAuto().allocate((long) BUFFER_PAGES * Blocks.SIZE, Blocks.SIZE);
    private final Checksum checksum = new Checksum(buffer);

    IndexFile(final CacheFile file, final CacheGeometry geometry, final CacheTable table) {
        this.file = file;
        this.geometry = geometry;
        this.table = table;
    }

    /** An entry of the table has changed. */
    void changed(final int slot) {
        dirtyPages.set(slot / CacheGeometry.ENTRIES_A_PAGE);
    }

    /** Whether there is something to commit. */
    boolean isDirty() {
        return !dirtyPages.isEmpty();
    }

    /** Makes the file's index, and the lines that it names, durably what the table is now. */
    void commit() throws IOException {
        file.sync();
        final BitSet written = (BitSet) dirtyPages.clone();
        int page = 0;
        while ((page = written.nextSetBit(page)) >= 0) {
            final int count = Math.min(written.nextClearBit(page) - page, BUFFER_PAGES);
            for (int i = 0; i < count; i++) {
                encode(page + i, i * Blocks.SIZE);
            }
            file.write(geometry.pageOffset(page), buffer.asSlice(0, (long) count * Blocks.SIZE));
            page += count;
        }
        file.sync();
        dirtyPages.andNot(written);
    }

    /**
     * Fills the table from the file. Entries that are damaged, of another life of the file or of a line that is there already
     * don't count.
     *
     * @param onHeld is told of each slot that holds something then; its queue is set in the table.
     */
    void load(final IntConsumer onHeld) throws IOException {
        final CacheTable.Found found = new CacheTable.Found();
        for (int page = 0; page < geometry.pages(); page += BUFFER_PAGES) {
            final int count = Math.min(BUFFER_PAGES, geometry.pages() - page);
            file.read(geometry.pageOffset(page), buffer.asSlice(0, (long) count * Blocks.SIZE));
            for (int i = 0; i < count * CacheGeometry.ENTRIES_A_PAGE; i++) {
                final int slot = page * CacheGeometry.ENTRIES_A_PAGE + i;
                if (slot < geometry.slots() && decode(slot, i * CacheTable.ENTRY_LENGTH, found)) {
                    onHeld.accept(slot);
                }
            }
        }
    }

    private void encode(final int page, final int offset) {
        buffer.asSlice(offset, Blocks.SIZE).fill((byte) 0);
        for (int i = 0; i < CacheGeometry.ENTRIES_A_PAGE; i++) {
            final int slot = page * CacheGeometry.ENTRIES_A_PAGE + i;
            if (slot < geometry.slots() && table.isHeld(slot)) {
                encodeEntry(slot, offset + i * CacheTable.ENTRY_LENGTH);
            }
        }
    }

    private void encodeEntry(final int slot, final int offset) {
        final long at = buffer.address() + offset;
        Memory.putByte(at + COUNT_OFFSET, (byte) table.count(slot));
        Memory.putByte(at + QUEUE_OFFSET, (byte) table.queue(slot));
        Memory.putLong(at + INSTANCE_OFFSET, geometry.instance());
        Memory.putLong(at + CacheTable.TAG_HIGH_OFFSET, table.tagHigh(slot));
        Memory.putLong(at + CacheTable.TAG_LOW_OFFSET, table.tagLow(slot));
        Memory.putLong(at + CacheTable.LINE_OFFSET, table.line(slot));
        Memory.putInt(at + SLOT_OFFSET, slot);
        Memory.copy(table.crcs(slot), at + CacheTable.CRCS_OFFSET, (long) table.count(slot) * Integer.BYTES);
        Memory.putInt(at, checksum.of(offset + Integer.BYTES, CacheTable.ENTRY_LENGTH - Integer.BYTES));
    }

    private boolean decode(final int slot, final int offset, final CacheTable.Found found) {
        final long at = buffer.address() + offset;
        final int count = Memory.getByte(at + COUNT_OFFSET);
        final int queue = Memory.getByte(at + QUEUE_OFFSET);
        final long tagHigh = Memory.getLong(at + CacheTable.TAG_HIGH_OFFSET);
        final long tagLow = Memory.getLong(at + CacheTable.TAG_LOW_OFFSET);
        final long line = Memory.getLong(at + CacheTable.LINE_OFFSET);
        if (count < 1
                || count > CacheLine.BLOCKS
                || queue != Replacement.SMALL && queue != Replacement.MAIN
                || Memory.getLong(at + INSTANCE_OFFSET) != geometry.instance()
                || Memory.getInt(at + SLOT_OFFSET) != slot
                || Memory.getInt(at) != checksum.of(offset + Integer.BYTES, CacheTable.ENTRY_LENGTH - Integer.BYTES)
                || table.find(tagHigh, tagLow, line, found)) {
            return false;
        }
        table.insert(slot, tagHigh, tagLow, line, count, 0, at + CacheTable.CRCS_OFFSET);
        table.queue(slot, queue);
        return true;
    }
}

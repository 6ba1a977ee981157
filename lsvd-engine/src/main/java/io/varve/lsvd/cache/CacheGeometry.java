package io.varve.lsvd.cache;

import io.varve.linux.Memory;
import io.varve.lsvd.crypto.SectorKey;
import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.format.Checksum;
import java.lang.foreign.MemorySegment;

/**
 * How a cache's file is divided, as its first block says:
 *
 * <pre>
 *  0  u32  magic "VRVC"                      16  u64  size that was asked for, in bytes
 *  4  u16  version                           24  u64  a number drawn when the file was made
 *  6  2B   zero                              32  u32  number of slots
 *  8  u32  CRC32C of the block               36  32B  salt of the keys; 68 zeros to a whole block
 * 12  u32  length of a line in bytes
 * </pre>
 *
 * <p>Behind it stands the index, {@value CacheTable#ENTRY_LENGTH} bytes a slot, to a whole block, and then the slots, a line
 * each.
 *
 * @param asked    size that was asked for, in bytes.
 * @param instance drawn when the file was made; what carries another one is from an earlier life of it.
 * @param slots    number of slots.
 * @param salt     drawn when the file was made; keys are derived with it.
 */
record CacheGeometry(long asked, long instance, int slots, byte[] salt) {
    /** Entries in a block of the index. */
    static final int ENTRIES_A_PAGE = Blocks.SIZE / CacheTable.ENTRY_LENGTH;

    private static final int MAGIC = 0x43565256;
    private static final int VERSION = 3;
    private static final int VERSION_OFFSET = 4;
    private static final int CRC_OFFSET = 8;
    private static final int LINE_OFFSET = 12;
    private static final int ASKED_OFFSET = 16;
    private static final int INSTANCE_OFFSET = 24;
    private static final int SLOTS_OFFSET = 32;
    private static final int SALT_OFFSET = 36;

    /** The most slots that fit into so many bytes, index and all. */
    static CacheGeometry fitting(final long asked, final long length, final long instance, final byte[] salt) {
        final long pages = (length - Blocks.SIZE) / (Blocks.SIZE + (long) ENTRIES_A_PAGE * CacheLine.LENGTH);
        final long rest = length - Blocks.SIZE - pages * (Blocks.SIZE + (long) ENTRIES_A_PAGE * CacheLine.LENGTH);
        final long more = Math.max(0, (rest - Blocks.SIZE) / CacheLine.LENGTH);
        return new CacheGeometry(asked, instance, Math.toIntExact(pages * ENTRIES_A_PAGE + more), salt);
    }

    /** Reads the first block, in native memory; null when it is not one of a cache that this version knows. */
    static CacheGeometry decode(final MemorySegment block) {
        final long at = block.address();
        if (Memory.getInt(at) != MAGIC
                || Memory.getShort(at + VERSION_OFFSET) != VERSION
                || Memory.getInt(at + CRC_OFFSET) != crc(block)
                || Memory.getInt(at + LINE_OFFSET) != CacheLine.LENGTH
                || Memory.getInt(at + SLOTS_OFFSET) < 1) {
            return null;
        }
        final byte[] salt = new byte[SectorKey.SALT_LENGTH];
        Memory.copy(at + SALT_OFFSET, salt, 0, salt.length);
        return new CacheGeometry(
                Memory.getLong(at + ASKED_OFFSET),
                Memory.getLong(at + INSTANCE_OFFSET),
                Memory.getInt(at + SLOTS_OFFSET),
                salt);
    }

    /** Writes the first block, in native memory. */
    void encode(final MemorySegment block) {
        final long at = block.address();
        block.fill((byte) 0);
        Memory.putInt(at, MAGIC);
        Memory.putShort(at + VERSION_OFFSET, (short) VERSION);
        Memory.putInt(at + LINE_OFFSET, CacheLine.LENGTH);
        Memory.putLong(at + ASKED_OFFSET, asked);
        Memory.putLong(at + INSTANCE_OFFSET, instance);
        Memory.putInt(at + SLOTS_OFFSET, slots);
        Memory.copy(salt, 0, at + SALT_OFFSET, salt.length);
        Memory.putInt(at + CRC_OFFSET, crc(block));
    }

    private static int crc(final MemorySegment block) {
        return new Checksum(block).ofAllBut(0, Blocks.SIZE, CRC_OFFSET);
    }

    /** Blocks of the index. */
    int pages() {
        return (slots + ENTRIES_A_PAGE - 1) / ENTRIES_A_PAGE;
    }

    /** Where a block of the index stands. */
    long pageOffset(final int page) {
        return (1L + page) * Blocks.SIZE;
    }

    /** Where a slot's line stands. */
    long slotOffset(final int slot) {
        return pageOffset(pages()) + (long) slot * CacheLine.LENGTH;
    }

    /** Length of the file in bytes. */
    long fileLength() {
        return slotOffset(slots);
    }
}

package io.varve.virtqueue;

import io.varve.block.BlockDevice;
import io.varve.linux.Memory;

/**
 * The config space of a block device: {@code struct virtio_blk_config} (virtio 1.3, section 5.2.4), little-endian.
 *
 * <p>A logical block is a sector, so that an image made elsewhere keeps its meaning; the device's preferred unit is told as
 * the physical block, and as the alignment of discards.
 */
public final class VirtioBlkConfig {
    /** Bytes of the config space up to and with the fields that are served; what follows reads as zeros. */
    public static final int LENGTH = 60;

    /** Offset of {@code writeback}, u8: the only field that a driver may write. */
    public static final int WRITEBACK_FIELD_OFFSET = 32;

    /**
     * {@code seg_max}: that of QEMU's own device with its default queue of 128, two descriptors being header and status.
     * A driver that exceeds it is served all the same, up to {@link DescriptorChain#MAX_DESCRIPTORS}.
     */
    public static final int SEG_MAX = 126;

    /** {@code max_discard_seg} and {@code max_write_zeroes_seg}: QEMU's tests want more to be refused, as its own back-ends do. */
    private static final int MAX_RANGE_SEGMENTS = 1;

    private static final int CAPACITY_FIELD_OFFSET = 0;
    private static final int SEG_MAX_FIELD_OFFSET = 12;
    private static final int BLK_SIZE_FIELD_OFFSET = 20;
    private static final int PHYSICAL_BLOCK_EXP_FIELD_OFFSET = 24;
    private static final int MIN_IO_SIZE_FIELD_OFFSET = 26;
    private static final int OPT_IO_SIZE_FIELD_OFFSET = 28;
    private static final int NUM_QUEUES_FIELD_OFFSET = 34;
    private static final int MAX_DISCARD_SECTORS_FIELD_OFFSET = 36;
    private static final int MAX_DISCARD_SEG_FIELD_OFFSET = 40;
    private static final int DISCARD_SECTOR_ALIGNMENT_FIELD_OFFSET = 44;
    private static final int MAX_WRITE_ZEROES_SECTORS_FIELD_OFFSET = 48;
    private static final int MAX_WRITE_ZEROES_SEG_FIELD_OFFSET = 52;
    private static final int WRITE_ZEROES_MAY_UNMAP_FIELD_OFFSET = 56;

    private VirtioBlkConfig() {}

    /**
     * Writes the config space.
     *
     * @param address    native address of {@link #LENGTH} bytes.
     * @param device     what it describes.
     * @param queueCount number of queues.
     * @param writeCache whether the device has a write cache now.
     */
    public static void encode(
            final long address, final BlockDevice device, final int queueCount, final boolean writeCache) {
        final int blockSectors = device.preferredBlockSize() / BlockDevice.SECTOR_SIZE;
        Memory.zero(address, LENGTH);
        Memory.putLong(address + CAPACITY_FIELD_OFFSET, device.capacity() / BlockDevice.SECTOR_SIZE);
        Memory.putInt(address + SEG_MAX_FIELD_OFFSET, SEG_MAX);
        Memory.putInt(address + BLK_SIZE_FIELD_OFFSET, BlockDevice.SECTOR_SIZE);
        Memory.putByte(address + PHYSICAL_BLOCK_EXP_FIELD_OFFSET, (byte) Integer.numberOfTrailingZeros(blockSectors));
        Memory.putShort(address + MIN_IO_SIZE_FIELD_OFFSET, (short) blockSectors);
        Memory.putInt(address + OPT_IO_SIZE_FIELD_OFFSET, blockSectors);
        Memory.putByte(address + WRITEBACK_FIELD_OFFSET, (byte) (writeCache ? 1 : 0));
        Memory.putShort(address + NUM_QUEUES_FIELD_OFFSET, (short) queueCount);
        Memory.putInt(address + MAX_DISCARD_SECTORS_FIELD_OFFSET, VirtioBlk.MAX_RANGE_SECTORS);
        Memory.putInt(address + MAX_DISCARD_SEG_FIELD_OFFSET, MAX_RANGE_SEGMENTS);
        Memory.putInt(address + DISCARD_SECTOR_ALIGNMENT_FIELD_OFFSET, blockSectors);
        Memory.putInt(address + MAX_WRITE_ZEROES_SECTORS_FIELD_OFFSET, VirtioBlk.MAX_RANGE_SECTORS);
        Memory.putInt(address + MAX_WRITE_ZEROES_SEG_FIELD_OFFSET, MAX_RANGE_SEGMENTS);
        Memory.putByte(address + WRITE_ZEROES_MAY_UNMAP_FIELD_OFFSET, (byte) 1);
    }
}

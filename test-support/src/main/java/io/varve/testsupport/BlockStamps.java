package io.varve.testsupport;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32;

/**
 * The contents of a block that tell where and when it was written: magic, number of the block, generation, then words that
 * follow from those, and a checksum over all. A block of zeros is generation 0: never written. One thread.
 *
 * <p>The checksum is not the one that disks keep of blocks, CRC32C: what ends in its own CRC has the same CRC whatever it says, and a
 * disk that checks could not tell one stamped block from another.
 */
public final class BlockStamps {
    private static final long MAGIC = 0x5641_5256_4553_5450L;
    private static final int CHECKSUM_SIZE = Long.BYTES;
    private static final int HEADER_SIZE = 3 * Long.BYTES;
    private static final long GOLDEN = 0x9e37_79b9_7f4a_7c15L;

    private final int blockSize;
    private final CRC32 checksum = new CRC32();

    /**
     * Stamps blocks of a size.
     *
     * @param blockSize in bytes, a multiple of 8 from 64.
     */
    public BlockStamps(final int blockSize) {
        this.blockSize = blockSize;
    }

    /** Fills a block. */
    public void stamp(final byte[] block, final long number, final long generation) {
        final ByteBuffer buffer = ByteBuffer.wrap(block).order(ByteOrder.LITTLE_ENDIAN);
        buffer.putLong(MAGIC).putLong(number).putLong(generation);
        long word = number * GOLDEN + generation;
        for (int i = HEADER_SIZE; i < blockSize - CHECKSUM_SIZE; i += Long.BYTES) {
            word = word * GOLDEN + 1;
            buffer.putLong(i, word);
        }
        buffer.putLong(blockSize - CHECKSUM_SIZE, checksum(block));
    }

    /**
     * Says which generation a block holds.
     *
     * @return 0 when it was never written.
     * @throws AssertionError when it is torn, damaged, or belongs elsewhere.
     */
    public long generation(final byte[] block, final long number) {
        final ByteBuffer buffer = ByteBuffer.wrap(block).order(ByteOrder.LITTLE_ENDIAN);
        if (buffer.getLong(0) == 0 && isZero(buffer)) {
            return 0;
        }
        if (buffer.getLong(0) != MAGIC || buffer.getLong(blockSize - CHECKSUM_SIZE) != checksum(block)) {
            throw new AssertionError("block " + number + " is damaged or torn: generation "
                    + buffer.getLong(2 * Long.BYTES) + " of block " + buffer.getLong(Long.BYTES));
        }
        if (buffer.getLong(Long.BYTES) != number) {
            throw new AssertionError("block " + number + " holds block " + buffer.getLong(Long.BYTES));
        }
        return buffer.getLong(2 * Long.BYTES);
    }

    private boolean isZero(final ByteBuffer buffer) {
        for (int i = 0; i < blockSize; i += Long.BYTES) {
            if (buffer.getLong(i) != 0) {
                return false;
            }
        }
        return true;
    }

    private long checksum(final byte[] block) {
        checksum.reset();
        checksum.update(block, 0, blockSize - CHECKSUM_SIZE);
        return checksum.getValue();
    }
}

package io.varve.lsvd.log;

import io.varve.lsvd.format.BlockChecksums;
import io.varve.lsvd.format.Blocks;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The CRC32C of every block in the log area, outside the heap: 4 bytes for 4 KiB. Written by the reactor; other threads
 * read only of blocks that were handed to them, or find out afterwards whether the log still holds the block.
 */
public final class LogChecksums implements BlockChecksums {
    private final LogGeometry geometry;
    private final MemorySegment crcs;

    /** Makes room for a log; {@code arena} frees it. */
    public LogChecksums(final LogGeometry geometry, final Arena arena) {
        this.geometry = geometry;
        this.crcs = arena.allocate((geometry.areaLength() >>> Blocks.SHIFT) * Integer.BYTES, 64);
    }

    /** The CRC32C of the block at a position in blocks. */
    @Override
    public int get(final long positionBlocks) {
        return crcs.getAtIndex(ValueLayout.JAVA_INT, geometry.blockIndex(positionBlocks));
    }

    /** Sets the CRC32C of the block at a position in blocks. */
    public void set(final long positionBlocks, final int crc) {
        crcs.setAtIndex(ValueLayout.JAVA_INT, geometry.blockIndex(positionBlocks), crc);
    }
}

package io.varve.lsvd.transfer;

import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.map.ExtentMap;
import java.io.IOException;

/** Writes a disk byte for byte. */
public final class RawImage {
    private RawImage() {}

    /** Writes a disk of a size, of which the map names what is not zero. */
    public static void write(final ExtentMap map, final long sizeBytes, final BlockPump pump, final SparseOutput output)
            throws IOException {
        pump.pump(map, (block, data) -> {
            final long offset = block << Blocks.SHIFT;
            output.put(offset, data.asSlice(0, Math.min(data.byteSize(), sizeBytes - offset)));
        });
        output.finish(sizeBytes);
    }
}

package io.varve.lsvd.fuzz;

import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.format.ExtentEntry;
import io.varve.lsvd.format.FormatException;
import io.varve.lsvd.format.ObjectHeader;
import io.varve.lsvd.format.ObjectType;
import io.varve.lsvd.map.ExtentMap;
import io.varve.testsupport.fuzz.FuzzTarget;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;

/** The header of an object. Behind a byte that says whether to make its checksum right stands the object's beginning. */
final class ObjectHeaderTarget implements FuzzTarget {
    @Override
    public String name() {
        return "object-header";
    }

    @Override
    public List<byte[]> seeds() {
        return List.of(
                Inputs.withMode(0, Inputs.golden("format/data_object-4")),
                Inputs.withMode(0, Inputs.golden("format/seal-4")));
    }

    @Override
    public void run(final byte[] input) {
        if (input.length == 0) {
            return;
        }
        final byte[] bytes = Arrays.copyOfRange(input, 1, input.length);
        if ((input[0] & 1) == 0) {
            Seal.object(bytes);
        }
        final ObjectHeader header = new ObjectHeader(MemorySegment.ofArray(bytes));
        try {
            header.validate("it", Inputs.VOLUME, 3, header.isRecognizable() ? header.sequence() : 0);
        } catch (final FormatException e) {
            return;
        }
        check(header);
    }

    /** What whoever reads a valid header relies on. */
    static void check(final ObjectHeader header) {
        final ObjectHeader.Shape shape =
                new ObjectHeader.Shape(header.extentCount(), header.blockCount(), header.payloadLength());
        require(header.headerLength() == shape.headerLength(), "length");
        require(header.frameCount() == shape.frames(), "number of frames");
        require(
                header.type() != ObjectType.DATA || header.payloadLength() == (long) header.blockCount() * Blocks.SIZE,
                "length of a data object");
        long length = header.headerLength();
        for (int i = 0; i < header.frameCount(); i++) {
            require(header.codec(i) != null, "codec");
            header.frameCrc(i);
            length += header.storedLength(i);
        }
        require(length == header.objectLength(), "length of all frames");
        long data = 0;
        for (int i = 0; i < header.extentCount(); i++) {
            require(
                    header.extentLength(i) > 0
                            && header.extentBlock(i) + header.extentLength(i) <= ExtentMap.MAX_BLOCKS,
                    "extent");
            if (header.extentKind(i) != ExtentEntry.TRIM) {
                require(header.extentDataBlock(i) == data, "data block");
                data += header.extentLength(i);
            }
        }
        require(data == header.blockCount(), "number of blocks");
        for (int i = 0; i < header.blockCount(); i++) {
            header.blockCrc(i);
        }
    }

    private static void require(final boolean isSo, final String what) {
        if (!isSo) {
            throw new AssertionError("a header was accepted with a wrong " + what);
        }
    }
}

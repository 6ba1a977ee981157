package io.varve.lsvd.transfer;

import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.format.Checksum;
import io.varve.lsvd.map.ExtentMap;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Writes a difference, from its first byte to its last, in the form that {@code docs/export.md} describes. */
public final class DifferenceWriter {
    private final SparseOutput output;
    private final DifferenceRecord record =
            new DifferenceRecord(Arena.ofAuto().allocate(DifferenceRecord.MAX_LENGTH, Long.BYTES));
    private long position;
    private long place;

    private DifferenceWriter(final SparseOutput output) {
        this.output = output;
    }

    /** Writes a difference. */
    public static void write(
            final DifferenceHeader header, final Difference difference, final BlockPump pump, final SparseOutput output)
            throws IOException {
        final DifferenceWriter writer = new DifferenceWriter(output);
        writer.put(header.encode());
        writer.putDiscards(difference.discarded());
        pump.pump(difference.written(), writer::putData);
        writer.put(writer.record.begin(DifferenceRecord.END, 0, 0, writer.place).seal());
        output.finish(writer.position);
    }

    private void putDiscards(final ExtentMap discarded) throws IOException {
        long block = 0;
        while (discarded.find(block)) {
            block = discarded.foundBlock() + discarded.foundLength();
            put(record.begin(DifferenceRecord.DISCARD, discarded.foundBlock(), discarded.foundLength(), place++)
                    .seal());
        }
    }

    private void putData(final long block, final MemorySegment data) throws IOException {
        final long count = data.byteSize() >> Blocks.SHIFT;
        final Checksum checksum = new Checksum(data);
        for (long done = 0; done < count; done += DifferenceRecord.MAX_DATA_BLOCKS) {
            final int blocks = (int) Math.min(DifferenceRecord.MAX_DATA_BLOCKS, count - done);
            record.begin(DifferenceRecord.DATA, block + done, blocks, place++);
            for (int i = 0; i < blocks; i++) {
                record.blockCrc(i, checksum.of((int) (done + i << Blocks.SHIFT), Blocks.SIZE));
            }
            put(record.seal());
            put(data.asSlice(done << Blocks.SHIFT, (long) blocks << Blocks.SHIFT));
        }
    }

    private void put(final MemorySegment bytes) throws IOException {
        output.put(position, bytes);
        position += bytes.byteSize();
    }
}

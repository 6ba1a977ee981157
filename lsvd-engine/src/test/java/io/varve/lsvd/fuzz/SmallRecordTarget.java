package io.varve.lsvd.fuzz;

import io.varve.lsvd.format.FormatException;
import io.varve.testsupport.fuzz.FuzzTarget;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;

/**
 * A record that is read and written whole. An input is a byte that says whether to frame the rest well, and the record. What is
 * accepted has to encode to the very bytes that were read.
 *
 * @param example a well-formed record.
 * @param reader  reads a record and writes it again.
 */
record SmallRecordTarget(String name, byte[] example, Reader reader) implements FuzzTarget {
    @FunctionalInterface
    interface Reader {
        MemorySegment readAndWrite(MemorySegment record) throws FormatException;
    }

    @Override
    public List<byte[]> seeds() {
        return List.of(Inputs.withMode(0, example));
    }

    @Override
    public void run(final byte[] input) throws IOException {
        if (input.length == 0) {
            return;
        }
        final byte[] bytes = Arrays.copyOfRange(input, 1, input.length);
        if ((input[0] & 1) == 0) {
            Seal.smallRecord(bytes, example);
        }
        final byte[] again;
        try (Arena arena = Arena.ofConfined()) {
            again = reader.readAndWrite(arena.allocate(Math.max(1, bytes.length), Long.BYTES)
                            .asSlice(0, bytes.length)
                            .copyFrom(MemorySegment.ofArray(bytes)))
                    .toArray(ValueLayout.JAVA_BYTE);
        } catch (final FormatException e) {
            return;
        }
        final int length = Seal.view(bytes).getInt(12);
        if (!Arrays.equals(bytes, 0, length, again, 0, Math.min(length, again.length))) {
            throw new AssertionError(name + ": what was accepted is written in another way");
        }
    }
}

package io.varve.lsvd.fuzz;

import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.format.FormatException;
import io.varve.lsvd.transfer.ChangeSource;
import io.varve.lsvd.transfer.DifferenceHeader;
import io.varve.lsvd.transfer.DifferenceReader;
import io.varve.testsupport.fuzz.FuzzTarget;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.util.Arrays;
import java.util.List;

/**
 * A difference between two states of a volume. The first part of an input is the beginning of the header; each other one that of a
 * record, whose data is zeros.
 */
final class DifferenceTarget implements FuzzTarget {
    private static final int UNSEALED = 1;
    private static final int RAW = 2;
    private static final int RECORD_LENGTH = 32;
    private static final int MAX_BLOCKS = 256;
    private static final int ZEROS_CRC = Seal.crc(new byte[Blocks.SIZE], 0, Blocks.SIZE);

    private final MemorySegment memory = Arena.ofAuto().allocate((long) MAX_BLOCKS * Blocks.SIZE, Blocks.SIZE);

    @Override
    public String name() {
        return "difference";
    }

    @Override
    public long mostAllocated(final int length) {
        // A record of some bytes stands for a MiB of zeros here.
        return 512L << 20;
    }

    @Override
    public List<byte[]> seeds() {
        final byte[] header = new DifferenceHeader(
                        Inputs.VOLUME, 1 << 20, 2 << 20, 3, 4, 3, 5, 1_700_000_000_000L, "before", "after")
                .encode()
                .toArray(ValueLayout.JAVA_BYTE);
        return List.of(Inputs.ofParts(
                new Inputs.Part(0, 0, Arrays.copyOf(header, 110)),
                record(2, 10, 5, 0),
                record(1, 100, 1, 1),
                record(1, 110, 2, 2),
                record(3, 0, 0, 3)));
    }

    private static Inputs.Part record(final int kind, final long block, final int blocks, final long place) {
        final ByteBuffer record = Seal.view(new byte[RECORD_LENGTH]);
        record.putInt(0x43565256)
                .putInt(0)
                .putShort((short) kind)
                .putShort((short) 0)
                .putInt(blocks);
        return new Inputs.Part(0, 0, record.putLong(block).putLong(place).array());
    }

    @Override
    public void run(final byte[] input) throws IOException {
        final byte[] bytes = build(input);
        final DifferenceReader reader;
        try {
            reader = new DifferenceReader(Channels.newChannel(new ByteArrayInputStream(bytes)));
        } catch (final FormatException e) {
            return;
        }
        final byte[] again = reader.header().encode().toArray(ValueLayout.JAVA_BYTE);
        if (!Arrays.equals(again, Arrays.copyOf(bytes, DifferenceHeader.LENGTH))) {
            throw new AssertionError("a header that was accepted is written in another way");
        }
        try (reader) {
            read(reader);
        } catch (final FormatException e) {
            return;
        }
    }

    private void read(final DifferenceReader reader) throws IOException {
        final long end = reader.header().newerBytes();
        long data = 0;
        ChangeSource.Change change;
        while ((change = reader.next(memory)) != null) {
            if (change.offset() < 0
                    || change.length() <= 0
                    || change.offset() + change.length() > Blocks.align(end)
                    || change.offset() % Blocks.SIZE != 0) {
                throw new AssertionError("a change of " + change + " in a volume of " + end);
            }
            data += change.kind() == ChangeSource.Kind.DATA ? change.length() : 0;
        }
        if (data != reader.header().dataBlocks() << Blocks.SHIFT) {
            throw new AssertionError(data + " bytes are not what the header says");
        }
    }

    private static byte[] build(final byte[] input) {
        final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (final Inputs.Part part : Inputs.parts(input)) {
            if ((part.kind() & RAW) != 0) {
                bytes.writeBytes(part.bytes());
            } else if (bytes.size() == 0) {
                final byte[] header = Arrays.copyOf(part.bytes(), DifferenceHeader.LENGTH);
                if ((part.kind() & UNSEALED) == 0) {
                    Seal.view(header).putInt(8, Seal.crc(header, 0, header.length, 8));
                }
                bytes.writeBytes(header);
            } else {
                writeRecord(part, bytes);
            }
        }
        return bytes.toByteArray();
    }

    private static void writeRecord(final Inputs.Part part, final ByteArrayOutputStream bytes) {
        final byte[] start = Arrays.copyOf(part.bytes(), RECORD_LENGTH);
        final boolean isData = Seal.view(start).getShort(8) == 1;
        final int blocks = isData ? Math.clamp(Seal.view(start).getInt(12), 0, MAX_BLOCKS) : 0;
        final byte[] record = Arrays.copyOf(start, RECORD_LENGTH + blocks * Integer.BYTES);
        final ByteBuffer view = Seal.view(record);
        if ((part.kind() & UNSEALED) == 0) {
            for (int i = 0; i < blocks; i++) {
                view.putInt(RECORD_LENGTH + i * Integer.BYTES, ZEROS_CRC);
            }
            view.putInt(4, Seal.crc(record, 0, record.length, 4));
        }
        bytes.writeBytes(record);
        bytes.writeBytes(new byte[blocks * Blocks.SIZE]);
    }
}

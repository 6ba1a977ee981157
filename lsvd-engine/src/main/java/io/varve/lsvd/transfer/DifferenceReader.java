package io.varve.lsvd.transfer;

import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.format.Checksum;
import io.varve.lsvd.format.FormatException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;

/** Reads a difference, record by record; gives nothing that has not been checked. */
public final class DifferenceReader implements ChangeSource {
    private final ReadableByteChannel channel;
    private final MemorySegment memory = Arena.ofAuto().allocate(DifferenceHeader.LENGTH, Long.BYTES);
    private final DifferenceRecord record = new DifferenceRecord(memory);
    private final DifferenceHeader header;
    private final long endBlock;
    private long place;
    private long dataBlocks;
    private long discardedBlocks;
    private volatile long position;
    private boolean isEnded;

    /**
     * Begins to read.
     *
     * @throws FormatException when what is there is no difference, or one of an unknown version.
     */
    public DifferenceReader(final ReadableByteChannel channel) throws IOException {
        this.channel = channel;
        header = DifferenceHeader.decode(memory.asSlice(0, read(memory)));
        endBlock = Blocks.count(header.newerBytes());
    }

    /** What the difference says of itself. */
    public DifferenceHeader header() {
        return header;
    }

    /** How much has been read, in bytes of data. Any thread. */
    public long position() {
        return position;
    }

    @Override
    public Change next(final MemorySegment target) throws IOException {
        if (isEnded) {
            return null;
        }
        readRecord();
        final long offset = record.block() << Blocks.SHIFT;
        final long length = record.blocks() << Blocks.SHIFT;
        switch (record.kind()) {
            case DifferenceRecord.DATA -> {
                readData(target.asSlice(0, record.dataLength()));
                dataBlocks += record.blocks();
                return new Change(Kind.DATA, offset, length);
            }
            case DifferenceRecord.DISCARD -> {
                discardedBlocks += record.blocks();
                return new Change(Kind.DISCARD, offset, length);
            }
            default -> {
                isEnded = true;
                if (dataBlocks != header.dataBlocks() || discardedBlocks != header.discardedBlocks()) {
                    throw new FormatException("it is damaged: it does not hold what its header says");
                }
                return null;
            }
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }

    private void readRecord() throws IOException {
        readFully(memory.asSlice(0, DifferenceRecord.FIXED_LENGTH));
        if (!record.isRecognizable()) {
            throw damaged();
        }
        readFully(
                memory.asSlice(DifferenceRecord.FIXED_LENGTH, record.length() - (long) DifferenceRecord.FIXED_LENGTH));
        final boolean isKnown = record.kind() >= DifferenceRecord.DATA && record.kind() <= DifferenceRecord.END;
        if (!record.isValid()
                || record.place() != place
                || !isKnown
                || record.block() < 0
                || record.block() > endBlock - record.blocks()
                || (record.blocks() == 0) != (record.kind() == DifferenceRecord.END)) {
            throw damaged();
        }
        place++;
    }

    private void readData(final MemorySegment data) throws IOException {
        readFully(data);
        final Checksum checksum = new Checksum(data);
        for (int i = 0; i < record.blocks(); i++) {
            if (checksum.of(i << Blocks.SHIFT, Blocks.SIZE) != record.blockCrc(i)) {
                throw damaged();
            }
        }
        position += data.byteSize();
    }

    private FormatException damaged() {
        return new FormatException("it is damaged: record " + place + " is no good");
    }

    private void readFully(final MemorySegment target) throws IOException {
        if (read(target) != target.byteSize()) {
            throw new FormatException("it is cut off: record " + place + " is not whole");
        }
    }

    private long read(final MemorySegment target) throws IOException {
        final ByteBuffer buffer = target.asByteBuffer();
        while (buffer.hasRemaining() && channel.read(buffer) >= 0) {
            // Until it is full, or the end is reached.
        }
        return buffer.position();
    }
}

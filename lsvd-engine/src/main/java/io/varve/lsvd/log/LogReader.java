package io.varve.lsvd.log;

import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.format.Checksum;
import io.varve.lsvd.format.LogRecord;
import io.varve.lsvd.format.Superblock;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.UUID;

/**
 * Reads records in order and believes only what is chained to the record before: its place, sequence, generation, the
 * predecessor's checksum and the checksum of every data block must fit. Reads ahead by at most {@value #BUFFER_LENGTH}
 * bytes, or by as much as it is told to {@linkplain #load load}.
 */
public final class LogReader implements AutoCloseable {
    private static final int BUFFER_LENGTH = 8 << 20;

    private static final long UNIT = 4 << 20;

    private final LogSource source;
    private final UUID volume;
    private Arena arena;
    private MemorySegment buffer;
    private Checksum checksum;
    private LogRecord record;
    private boolean isLoaded;
    private long bufferPosition;
    private int bufferLength;
    private long position;
    private long limit;
    private long sequence;
    private int previousCrc;
    private long generation;

    /** Makes a reader for a volume's log. */
    public LogReader(final LogSource source, final UUID volume) {
        this.source = source;
        this.volume = volume;
        allocate(Math.min(BUFFER_LENGTH, source.geometry().windowLength()));
    }

    private void allocate(final long length) {
        arena = Arena.ofShared();
        buffer = arena.allocate(length, Blocks.SIZE);
        checksum = new Checksum(buffer);
        record = new LogRecord(buffer);
    }

    /**
     * Begins at a record.
     *
     * @param from  where the first record is expected.
     * @param limit position behind which nothing is read: at most one area's length from the first.
     */
    public void begin(final Superblock.Tail from, final long limit) {
        position = from.position();
        sequence = from.sequence();
        previousCrc = from.previousCrc();
        this.limit = limit;
        generation = 0;
        isLoaded = false;
        bufferPosition = position;
        bufferLength = 0;
    }

    /**
     * As {@link #begin}, with all up to the limit read into memory at one go, where {@link #loaded} finds it. Whether data is intact
     * is for whoever copies it to see: {@link #next} looks at records' headers only.
     */
    public void load(final Superblock.Tail from, final long newLimit) throws IOException {
        begin(from, newLimit);
        final long length = newLimit - position;
        if (buffer.byteSize() < length) {
            arena.close();
            allocate((length + UNIT - 1) / UNIT * UNIT);
        }
        source.read(position, buffer.asSlice(0, length));
        bufferLength = (int) length;
        isLoaded = true;
    }

    /** A part of what {@link #load} has read, until the reader is given something else. */
    public MemorySegment loaded(final long at, final long length) {
        return buffer.asSlice(at - bufferPosition, length);
    }

    /**
     * Moves to the next record that is not padding.
     *
     * @return false at the first that is missing or not whole, and at the limit.
     */
    public boolean next() throws IOException {
        while (position < limit) {
            if (!fill(LogRecord.HEADER_LENGTH)
                    || !record.wrap(offset()).isValid(volume, position)
                    || record.sequence() != sequence
                    || record.previousCrc() != previousCrc
                    || record.generation() < generation
                    || record.length() > source.geometry().leftInWindow(position)
                    || !fill(record.length())
                    || !isLoaded && !isDataIntact()) {
                return false;
            }
            final int length = record.isPad() ? source.geometry().leftInWindow(position) : record.length();
            final boolean isPad = record.isPad();
            generation = record.generation();
            previousCrc = record.crc();
            sequence++;
            position += length;
            if (!isPad) {
                return true;
            }
        }
        return false;
    }

    /** The record that {@link #next()} moved to; valid until the next call. */
    public LogRecord record() {
        return record;
    }

    /** Header and data of the record that {@link #next()} moved to; valid until the next call. */
    public MemorySegment recordBytes() {
        return buffer.asSlice(record.position() - bufferPosition, record.length());
    }

    /** Position of the current record's first data block, in blocks. */
    public long dataPositionBlocks() {
        return (record.position() + LogRecord.HEADER_LENGTH) >>> Blocks.SHIFT;
    }

    /** Where the record behind the last good one is, or would be. */
    public Superblock.Tail end() {
        return new Superblock.Tail(position, sequence, previousCrc);
    }

    /**
     * After {@link #next()} has answered false: looks behind the end for a record which proves that the missing one had been
     * made durable, so that this is damage and not the torn end of the log. Whole records follow each other within a window's
     * length, whatever of them was torn, so the search ends that far behind the last one it has found.
     *
     * @return sequence through which records were durable, or -1 when nothing says that any missing one was.
     */
    public long provenDurableBehindEnd() throws IOException {
        final int reach = source.geometry().windowLength();
        long end = Math.min(limit, position + reach);
        long proven = -1;
        for (long at = position; at < end; at += Blocks.SIZE) {
            if (at >= bufferPosition + bufferLength) {
                bufferPosition = at;
                bufferLength = 0;
            }
            if (!fillAt(at, LogRecord.HEADER_LENGTH)) {
                break;
            }
            if (record.wrap((int) (at - bufferPosition)).isValid(volume, at)) {
                end = Math.min(limit, at + record.length() + reach);
                if (record.durableThrough() >= sequence) {
                    proven = Math.max(proven, record.durableThrough());
                }
            }
        }
        return proven;
    }

    @Override
    public void close() {
        arena.close();
    }

    private int offset() {
        return (int) (position - bufferPosition);
    }

    private boolean fill(final int length) throws IOException {
        return fillAt(position, length);
    }

    private boolean fillAt(final long at, final int length) throws IOException {
        if (at + length > limit) {
            return false;
        }
        if (at >= bufferPosition && at + length <= bufferPosition + bufferLength) {
            return true;
        }
        final int wanted = (int) Math.min(buffer.byteSize(), limit - at);
        bufferPosition = at;
        bufferLength = 0;
        source.read(at, buffer.asSlice(0, wanted));
        bufferLength = wanted;
        record.wrap(0);
        return true;
    }

    private boolean isDataIntact() {
        final int data = offset() + LogRecord.HEADER_LENGTH;
        record.wrap(offset());
        for (int i = 0, n = record.blockCount(); i < n; i++) {
            if (checksum.of(data + i * Blocks.SIZE, Blocks.SIZE) != record.blockCrc(i)) {
                return false;
            }
        }
        return true;
    }
}

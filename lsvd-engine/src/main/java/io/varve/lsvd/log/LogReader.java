package io.varve.lsvd.log;

import io.varve.linux.Errno;
import io.varve.linux.ErrnoException;
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
 * bytes.
 *
 * <p>Whoever copies data, and looks at its checksums on the way, has it leave that out: all is {@linkplain #load loaded} into memory
 * of his, or only headers are read, as {@linkplain #skim long as the log is in memory}.
 */
public final class LogReader implements AutoCloseable {
    private static final int BUFFER_LENGTH = 8 << 20;

    private final LogSource source;
    private final UUID volume;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment ownBuffer;
    private final Checksum checksum;
    private final LogRecord ownRecord;
    private MemorySegment buffer;
    private LogRecord record;
    private boolean isSkimming;
    private long bufferPosition;
    private int bufferLength;
    private long position;
    private long limit;
    private long sequence;
    private int previousCrc;
    private long generation;
    private long singlyUntil;
    private IOException unreadable;

    /** Makes a reader for a volume's log. */
    public LogReader(final LogSource source, final UUID volume) {
        this(source, volume, Math.min(BUFFER_LENGTH, source.geometry().windowLength()));
    }

    private LogReader(final LogSource source, final UUID volume, final int length) {
        this.source = source;
        this.volume = volume;
        ownBuffer = arena.allocate(length, Blocks.SIZE);
        checksum = new Checksum(ownBuffer);
        ownRecord = new LogRecord(ownBuffer);
    }

    /** Makes one for {@link #load} and {@link #skim} only. */
    public static LogReader ofBatches(final LogSource source, final UUID volume) {
        return new LogReader(source, volume, LogRecord.HEADER_LENGTH);
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
        isSkimming = false;
        buffer = ownBuffer;
        record = ownRecord;
        bufferPosition = position;
        bufferLength = 0;
        singlyUntil = position;
        unreadable = null;
    }

    /**
     * As {@link #begin}, with all up to the limit read into memory at one go, where {@link #data} finds it.
     *
     * @param memory as much as that is.
     */
    public void load(final Superblock.Tail from, final long newLimit, final MemorySegment memory) throws IOException {
        begin(from, newLimit);
        source.read(position, memory);
        buffer = memory;
        record = new LogRecord(memory);
        bufferLength = (int) (newLimit - position);
    }

    /**
     * As {@link #begin}, reading headers only. {@link #data} shows data where it stands in the log's window, and {@link #isInMemory}
     * tells whether it has been there all along.
     */
    public void skim(final Superblock.Tail from, final long newLimit) {
        begin(from, newLimit);
        isSkimming = true;
    }

    /** Whether all from a position on is in the log's window, still. */
    public boolean isInMemory(final long at) {
        return source.isInMemory(at);
    }

    /** Data of a record that has been passed, unchecked, until the reader is given something else to read. */
    public MemorySegment data(final long at, final long length) {
        return isSkimming ? source.view(at, length) : buffer.asSlice(at - bufferPosition, length);
    }

    /**
     * Moves to the next record that is not padding.
     *
     * @return false at the first that is missing or not whole, at one that the disk can't read, and at the limit.
     */
    public boolean next() throws IOException {
        try {
            return isNextThere();
        } catch (final ErrnoException e) {
            if (!isUnreadable(e)) {
                throw e;
            }
            unreadable = e;
            return false;
        }
    }

    /** Why the record at the {@link #end()} can't be read, which may be a whole one; or null when it is missing or not whole. */
    public IOException unreadable() {
        return unreadable;
    }

    private boolean isNextThere() throws IOException {
        while (position < limit) {
            if (!fill(LogRecord.HEADER_LENGTH)
                    || !record.wrap(offset()).isValid(volume, position)
                    || record.sequence() != sequence
                    || record.previousCrc() != previousCrc
                    || record.generation() < generation
                    || record.length()
                            > Math.min(limit - position, source.geometry().leftInWindow(position))
                    || !isWithoutData() && !(fill(record.length()) && isDataIntact())) {
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
     * length, whatever of them was torn, so the search ends that far behind the last one it has found. It passes over what the disk
     * can't read.
     *
     * @return sequence through which records were durable, or -1 when nothing says that any missing one was.
     */
    public long provenDurableBehindEnd() throws IOException {
        final int reach = source.geometry().windowLength();
        long end = Math.min(limit, position + reach);
        long proven = -1;
        for (long at = position; at + LogRecord.HEADER_LENGTH <= end; at += Blocks.SIZE) {
            if (at >= bufferPosition + bufferLength) {
                bufferPosition = at;
                bufferLength = 0;
            }
            if (!isReadable(at)) {
                continue;
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

    private boolean isWithoutData() {
        return isSkimming || buffer != ownBuffer;
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
        final int wanted = isSkimming || at < singlyUntil ? length : (int) Math.min(buffer.byteSize(), limit - at);
        bufferPosition = at;
        bufferLength = 0;
        try {
            source.read(at, buffer.asSlice(0, wanted));
            bufferLength = wanted;
        } catch (final ErrnoException e) {
            if (wanted == length || !isUnreadable(e)) {
                throw e;
            }
            // Something that was read ahead, and may never be needed.
            singlyUntil = at + wanted;
            source.read(at, buffer.asSlice(0, length));
            bufferLength = length;
        }
        record.wrap(0);
        return true;
    }

    private boolean isReadable(final long at) throws IOException {
        try {
            return fillAt(at, LogRecord.HEADER_LENGTH);
        } catch (final ErrnoException e) {
            if (!isUnreadable(e)) {
                throw e;
            }
            return false;
        }
    }

    /** Whether the disk can't give what stands in one place, as opposed to a file that is cut or not to be read at all. */
    private static boolean isUnreadable(final ErrnoException e) {
        return e.errno() == Errno.EIO || e.errno() == Errno.ENODATA || e.errno() == Errno.EILSEQ;
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

package io.varve.lsvd.destage;

import io.varve.linux.Background;
import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.format.Checksum;
import io.varve.lsvd.format.Covered;
import io.varve.lsvd.format.ExtentEntry;
import io.varve.lsvd.format.FormatException;
import io.varve.lsvd.format.LogRecord;
import io.varve.lsvd.format.ObjectHeader;
import io.varve.lsvd.format.ObjectIdentity;
import io.varve.lsvd.format.ObjectType;
import io.varve.lsvd.format.SnapshotRecord;
import io.varve.lsvd.log.LogReader;
import io.varve.lsvd.log.LogSource;
import io.varve.lsvd.map.ExtentMap;
import io.varve.lsvd.map.Location;
import io.varve.lsvd.objects.BufferPool;
import io.varve.lsvd.objects.ObjectWriter;
import io.varve.lsvd.stored.BuiltObject;
import io.varve.lsvd.stored.ObjectLayout;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.UUID;

/**
 * Makes an object out of a batch: reads its records again, as recovery would, keeps of every block only the newest version in the batch, sorts
 * by address, and copies the data behind the list, from the log's window, or from its file, read at one go, if it is not there any
 * more. A checksum travels with each block and is verified on the way; so nothing damaged gets into the store under a good
 * checksum.
 */
final class ObjectBuilder implements AutoCloseable {
    private final LogReader reader;
    private final BufferPool buffers;
    private final ObjectWriter writer;
    private final UUID volume;
    private final long epoch;
    private final UUID nonce;
    private final ExtentMap data = new ExtentMap();
    private final ExtentMap trims = new ExtentMap();
    private final BatchChecksums crcs = new BatchChecksums();
    private boolean isWriteCache;

    /**
     * Makes a builder.
     *
     * @param buffers      for what is read of the log.
     * @param writer       makes the objects.
     * @param isWriteCache whether the guest has its write cache on before the first batch.
     */
    ObjectBuilder(
            final LogSource source,
            final BufferPool buffers,
            final ObjectWriter writer,
            final UUID volume,
            final long epoch,
            final UUID nonce,
            final boolean isWriteCache) {
        this.reader = LogReader.ofBatches(source, volume);
        this.buffers = buffers;
        this.writer = writer;
        this.volume = volume;
        this.epoch = epoch;
        this.nonce = nonce;
        this.isWriteCache = isWriteCache;
    }

    /**
     * Builds an object.
     *
     * @param checkpoint newest checkpoint known durable.
     */
    BuiltObject build(final Batch batch, final long sequence, final long checkpoint) throws IOException {
        final BuiltObject built = buildFromMemory(batch, sequence, checkpoint);
        if (built != null) {
            return built;
        }
        final MemorySegment loaded = load(batch);
        try {
            return assemble(batch, sequence, checkpoint);
        } finally {
            buffers.give(loaded);
        }
    }

    /** Returns null when it is not in memory, or newer records have taken its place meanwhile, or it is damaged there. */
    private BuiltObject buildFromMemory(final Batch batch, final long sequence, final long checkpoint)
            throws IOException {
        final long from = batch.from().position();
        if (!reader.isInMemory(from)) {
            return null;
        }
        reader.skim(batch.from(), batch.to().position());
        try {
            final BuiltObject built = assemble(batch, sequence, checkpoint);
            if (reader.isInMemory(from)) {
                return built;
            }
            buffers.give(built.bytes());
        } catch (final FormatException e) {
            // What counts is the file.
        }
        return null;
    }

    private BuiltObject assemble(final Batch batch, final long sequence, final long checkpoint) throws IOException {
        gather(batch);
        final ObjectLayout layout = layOut(batch, sequence);
        final ObjectWriter.Draft draft = writer.begin(
                ObjectType.DATA,
                new ObjectIdentity(volume, epoch, sequence, nonce),
                ObjectHeader.Shape.ofData(layout.extentCount(), layout.blockCount()));
        try {
            fill(draft, layout, checkpoint);
            return BuiltObject.of(layout, draft.finish());
        } catch (final FormatException | RuntimeException | Error e) {
            draft.drop();
            throw e;
        }
    }

    private MemorySegment load(final Batch batch) throws IOException {
        final MemorySegment memory =
                buffers.take(batch.to().position() - batch.from().position());
        try {
            reader.load(batch.from(), batch.to().position(), memory);
            return memory;
        } catch (final IOException | RuntimeException | Error e) {
            buffers.give(memory);
            throw e;
        }
    }

    private ObjectLayout layOut(final Batch batch, final long sequence) {
        final int extents = (int) (trims.extentCount() + data.extentCount());
        final int blockCount = (int) data.mappedBlocks();
        final long[] blocks = new long[extents];
        final int[] lengths = new int[extents];
        final int[] dataBlocks = new int[extents];
        final long[] sources = new long[extents];
        int count = 0;
        long at = 0;
        while (trims.find(at)) {
            blocks[count] = trims.foundBlock();
            lengths[count] = trims.foundLength();
            dataBlocks[count] = ObjectLayout.trim();
            at = trims.foundBlock() + trims.foundLength();
            count++;
        }
        at = 0;
        int dataBlock = 0;
        while (data.find(at)) {
            blocks[count] = data.foundBlock();
            lengths[count] = data.foundLength();
            dataBlocks[count] = dataBlock;
            sources[count] = data.foundLocation();
            dataBlock += data.foundLength();
            at = data.foundBlock() + data.foundLength();
            count++;
        }
        return new ObjectLayout(
                sequence,
                batch.from().sequence(),
                new Covered(batch.to(), isWriteCache),
                blocks,
                lengths,
                dataBlocks,
                sources,
                blockCount,
                0,
                0);
    }

    /** What the batch of a snapshot says of it. */
    SnapshotRecord readNote(final Batch batch) throws IOException {
        final MemorySegment loaded = load(batch);
        try {
            SnapshotRecord snapshot = null;
            while (reader.next()) {
                if (reader.record().isNote()) {
                    snapshot = SnapshotRecord.decode(
                            "the note at record " + reader.record().sequence() + " of the local log",
                            reader.recordBytes().asSlice(LogRecord.HEADER_LENGTH));
                }
            }
            if (snapshot == null || reader.end().position() != batch.to().position()) {
                throw damaged();
            }
            return snapshot;
        } finally {
            buffers.give(loaded);
        }
    }

    /** Whether the guest has its write cache on behind the last batch. */
    boolean isWriteCache() {
        return isWriteCache;
    }

    @Override
    public void close() {
        reader.close();
        data.close();
        trims.close();
    }

    private void gather(final Batch batch) throws IOException {
        data.remove(0, ExtentMap.MAX_BLOCKS);
        trims.remove(0, ExtentMap.MAX_BLOCKS);
        crcs.clear(batch.from().position() >>> Blocks.SHIFT, batch.to().position() >>> Blocks.SHIFT);
        while (reader.next()) {
            Background.pause();
            final LogRecord record = reader.record();
            isWriteCache = record.isWriteCache(isWriteCache);
            final long first = reader.dataPositionBlocks();
            for (int i = 0, n = record.blockCount(); i < n; i++) {
                crcs.set(first + i, record.blockCrc(i));
            }
            for (int i = 0, n = record.extentCount(); i < n; i++) {
                final long block = record.extentBlock(i);
                final int length = record.extentLength(i);
                if (record.extentKind(i) == ExtentEntry.TRIM) {
                    data.remove(block, length);
                    trims.put(block, length, block);
                } else {
                    trims.remove(block, length);
                    data.put(block, length, Location.inLog(first + record.extentDataBlock(i)));
                }
            }
        }
        if (reader.end().position() != batch.to().position()) {
            throw damaged();
        }
    }

    private FormatException damaged() {
        return new FormatException("the local log is damaged at record "
                + reader.end().sequence() + " (position " + reader.end().position()
                + "), which is not in the store yet");
    }

    private void fill(final ObjectWriter.Draft draft, final ObjectLayout layout, final long checkpoint)
            throws FormatException {
        final ObjectHeader header = draft.header();
        final MemorySegment payload = draft.payload();
        header.covers(layout.firstRecord(), layout.covered());
        header.checkpoint(checkpoint);
        final Checksum checksum = new Checksum(payload);
        for (int i = 0; i < layout.extentCount(); i++) {
            if (layout.isTrim(i)) {
                header.extent(i, ExtentEntry.TRIM, layout.block(i), layout.length(i), 0);
                continue;
            }
            final int first = layout.dataBlock(i);
            final int length = layout.length(i);
            final long position = Location.logPosition(layout.source(i));
            header.extent(i, ExtentEntry.DATA, layout.block(i), length, first);
            final int offset = first * Blocks.SIZE;
            final long bytes = (long) length * Blocks.SIZE;
            MemorySegment.copy(reader.data(position << Blocks.SHIFT, bytes), 0, payload, offset, bytes);
            for (int j = 0; j < length; j++) {
                Background.pause();
                final int crc = crcs.get(position + j);
                if (checksum.of(offset + j * Blocks.SIZE, Blocks.SIZE) != crc) {
                    throw new FormatException("the local log is damaged at position " + (position + j << Blocks.SHIFT)
                            + ": a block that is not in the store yet");
                }
                header.blockCrc(first + j, crc);
            }
        }
    }

    /** The CRC32C of the blocks of one batch. */
    private static final class BatchChecksums {
        private int[] values = new int[4096];
        private long base;

        void clear(final long first, final long end) {
            base = first;
            if (end - first > values.length) {
                values = Arrays.copyOf(values, (int) (end - first));
            }
        }

        void set(final long position, final int crc) {
            values[(int) (position - base)] = crc;
        }

        int get(final long position) {
            return values[(int) (position - base)];
        }
    }
}

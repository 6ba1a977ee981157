package io.varve.lsvd.gc;

import io.varve.linux.Background;
import io.varve.lsvd.cache.VolumeCache;
import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.format.FormatException;
import io.varve.lsvd.format.ObjectHeader;
import io.varve.lsvd.history.Epochs;
import io.varve.lsvd.map.ExtentMap;
import io.varve.lsvd.map.Location;
import io.varve.lsvd.objects.BufferPool;
import io.varve.lsvd.objects.ObjectIndex;
import io.varve.lsvd.objects.ObjectReader;
import io.varve.lsvd.scan.LiveRuns;
import io.varve.lsvd.store.ObjectStore;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/**
 * An object that is being collected: its header is read, and then what of it is live, from the read cache where that has it, each
 * block checked against its checksum.
 */
final class Victim {
    private static final int FIRST_READ = 64 << 10;
    private static final int MAX_GAP_BLOCKS = 16;
    private static final int MAX_READ_BLOCKS = 1024;

    private final ObjectStore store;
    private final VolumeCache cache;
    private final BufferPool memory;
    private final ObjectReader reader;
    private final Epochs.Entry epoch;
    private final long sequence;
    private final String key;
    private final List<Run> runs = new ArrayList<>();
    private final List<Read> reads = new ArrayList<>();
    private CompletableFuture<Integer> headerRead;
    private MemorySegment headerBytes;
    private MemorySegment live;
    private ObjectIndex index;
    private int liveBlocks;
    private boolean isRead;
    private long bytesFromCache;

    /**
     * Live blocks that follow each other in the volume and in the object.
     *
     * @param at how many live blocks of the object come before.
     */
    record Run(long block, int length, int dataBlock, int at) {}

    /** A stretch of the object on its way into memory: as it is stored, or, from the read cache, as it is. */
    private record Read(
            int dataBlock, int blocks, boolean isStored, MemorySegment bytes, CompletableFuture<Integer> length) {
        int end() {
            return dataBlock + blocks;
        }
    }

    /** Begins to read; {@code cache} is null when there is none. */
    Victim(
            final ObjectStore store,
            final VolumeCache cache,
            final BufferPool memory,
            final ObjectReader reader,
            final Epochs.Entry epoch,
            final long sequence) {
        this.store = store;
        this.cache = cache;
        this.memory = memory;
        this.reader = reader;
        this.epoch = epoch;
        this.sequence = sequence;
        this.key = epoch.key(sequence);
        readHeader(FIRST_READ);
    }

    long sequence() {
        return sequence;
    }

    /** Whether all that was live is in memory. */
    boolean isRead() {
        return isRead;
    }

    List<Run> runs() {
        return runs;
    }

    /** Bytes that the store did not have to be asked for. */
    long bytesFromCache() {
        return bytesFromCache;
    }

    /** CRC32C of a data block. */
    int crc(final int dataBlock) {
        return index.blockCrc(dataBlock);
    }

    /** Copies live blocks of one run; {@code dataBlock} is the first of them. */
    void copy(final Run run, final int dataBlock, final int blocks, final MemorySegment target, final long offset) {
        MemorySegment.copy(
                live,
                (long) (run.at + (dataBlock - run.dataBlock)) << Blocks.SHIFT,
                target,
                offset,
                (long) blocks << Blocks.SHIFT);
    }

    /**
     * Goes on; returns an amount of work.
     *
     * @throws ExecutionException with what the store said, or a {@link FormatException} when the object is damaged.
     */
    int advance(final ExtentMap map) throws ExecutionException, InterruptedException {
        if (isRead) {
            return 0;
        }
        if (index == null) {
            if (!headerRead.isDone()) {
                return 0;
            }
            final ObjectHeader header = takeHeader(headerRead.get());
            if (header == null) {
                return 1;
            }
            findLive(header, map);
            beginReads();
            return 1;
        }
        for (final Read read : reads) {
            if (!read.length.isDone()) {
                return 0;
            }
        }
        for (final Read read : reads) {
            if (read.length.get() != read.bytes.byteSize()) {
                throw new ExecutionException(new FormatException(key + " is damaged: it is too short"));
            }
        }
        keepLive();
        giveReads();
        isRead = true;
        return 1;
    }

    /** Gives its memory back, once the store has answered. */
    void release() {
        memory.giveBehind(headerRead, headerBytes);
        if (live != null) {
            memory.give(live);
        }
        giveReads();
    }

    private void giveReads() {
        for (final Read read : reads) {
            memory.giveBehind(read.length, read.bytes);
        }
        reads.clear();
    }

    private void readHeader(final int length) {
        headerBytes = memory.take(length);
        headerRead = store.get(key, 0, headerBytes);
    }

    /** Returns null when it has to be read once more, longer. */
    private ObjectHeader takeHeader(final int length) throws ExecutionException {
        final MemorySegment bytes = headerBytes.asSlice(0, length);
        final ObjectHeader found = new ObjectHeader(bytes);
        if (found.isRecognizable() && found.headerLength() > length && length == FIRST_READ) {
            final MemorySegment first = headerBytes;
            readHeader(found.headerLength());
            memory.give(first);
            return null;
        }
        try {
            ObjectReader.validate(found, key, epoch.volume(), epoch.epoch(), sequence, reader.keys());
            index = ObjectIndex.ofData(key, found);
        } catch (final FormatException e) {
            throw new ExecutionException(e);
        }
        return found;
    }

    private void findLive(final ObjectHeader header, final ExtentMap map) {
        LiveRuns.forEach(header, map, (block, length, dataBlock) -> {
            Background.pause();
            runs.add(new Run(block, length, dataBlock, liveBlocks));
            liveBlocks += length;
        });
    }

    /** What is live follows each other in the object as it does in the list: extents' data stands in their order. */
    private void beginReads() {
        int first = -1;
        int end = -1;
        for (final Run run : runs) {
            if (first >= 0
                    && (run.dataBlock - end > MAX_GAP_BLOCKS || run.dataBlock + run.length - first > MAX_READ_BLOCKS)) {
                begin(first, end);
                first = -1;
            }
            if (first < 0) {
                first = run.dataBlock;
            }
            end = run.dataBlock + run.length;
        }
        if (first >= 0) {
            begin(first, end);
        }
    }

    private void begin(final int first, final int end) {
        final MemorySegment plain = memory.take((long) (end - first) << Blocks.SHIFT);
        if (cache != null && cache.copy(Location.inObject(sequence, first), plain)) {
            bytesFromCache += plain.byteSize();
            reads.add(new Read(
                    first, end - first, false, plain, CompletableFuture.completedFuture((int) plain.byteSize())));
            return;
        }
        memory.give(plain);
        final MemorySegment bytes = memory.take(index.storedLength(first, end));
        reads.add(new Read(first, end - first, true, bytes, store.get(key, index.offset(first), bytes)));
    }

    /** Takes what is live, and intact, out of what has been read, which with what lies between may be many times as much. */
    private void keepLive() throws ExecutionException {
        if (liveBlocks == 0) {
            return;
        }
        live = memory.take((long) liveBlocks << Blocks.SHIFT);
        final BitSet good = new BitSet();
        int next = 0;
        for (final Read read : reads) {
            final MemorySegment plain = plain(read, good);
            try {
                for (; next < runs.size() && runs.get(next).dataBlock < read.end(); next++) {
                    keep(runs.get(next), read, plain, good);
                }
            } finally {
                if (read.isStored) {
                    memory.give(plain);
                }
            }
        }
    }

    /** What was read, decompressed, and which of it is good. */
    private MemorySegment plain(final Read read, final BitSet good) {
        final MemorySegment plain = read.isStored ? memory.take((long) read.blocks << Blocks.SHIFT) : read.bytes;
        try {
            if (read.isStored) {
                reader.decode(index, read.dataBlock, read.end(), read.bytes, plain, good);
            } else {
                ObjectReader.check(index, read.dataBlock, plain, good);
            }
            return plain;
        } catch (final RuntimeException | Error e) {
            if (read.isStored) {
                memory.give(plain);
            }
            throw e;
        }
    }

    private void keep(final Run run, final Read read, final MemorySegment plain, final BitSet good)
            throws ExecutionException {
        final int damaged = good.nextClearBit(run.dataBlock);
        if (damaged < run.dataBlock + run.length) {
            throw new ExecutionException(
                    new FormatException(key + " is damaged: data block " + damaged + " does not match its checksum"));
        }
        Background.pause();
        MemorySegment.copy(
                plain,
                (long) (run.dataBlock - read.dataBlock) << Blocks.SHIFT,
                live,
                (long) run.at << Blocks.SHIFT,
                (long) run.length << Blocks.SHIFT);
    }
}

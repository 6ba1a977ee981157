package io.varve.lsvd.transfer;

import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.format.FormatException;
import io.varve.lsvd.map.ExtentMap;
import io.varve.lsvd.scan.Cancellation;
import io.varve.lsvd.scan.LiveRuns;
import io.varve.lsvd.scan.ObjectScan;
import io.varve.lsvd.scan.Pace;
import io.varve.lsvd.store.StoreClient;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.BitSet;

/**
 * What makes a newer state of a volume out of an older one: blocks that were written, by where they are in the newer, and
 * blocks that were discarded. A block that stands where it stood has not changed. One that stands elsewhere was written anew, or
 * merely moved by garbage collection. It has changed for certain if its checksum is another: these are read from the headers of
 * the objects that such blocks are in, for {@value #WINDOW_BLOCKS} blocks at a time at most. Where the checksum is the same, the
 * data of both states is read and compared, {@value #COMPARED_BYTES} bytes of the volume at a time: different data may well have
 * the same checksum, above all where somebody wants it to.
 */
public final class Difference implements AutoCloseable {
    private static final int WINDOW_BLOCKS = 4 << 20;
    private static final int COMPARED_BYTES = 16 << 20;
    private static final int READS = 16;

    private final StoreClient store;
    private final VolumeState older;
    private final VolumeState newer;
    private final Pace pace;
    private final Cancellation cancellation;
    private final ExtentMap written = new ExtentMap();
    private final ExtentMap discarded = new ExtentMap();

    private Difference(
            final StoreClient store,
            final VolumeState older,
            final VolumeState newer,
            final Pace pace,
            final Cancellation cancellation) {
        this.store = store;
        this.older = older;
        this.newer = newer;
        this.pace = pace;
        this.cancellation = cancellation;
    }

    /** Finds out what has changed from one state to another. */
    public static Difference between(
            final StoreClient store,
            final VolumeState older,
            final VolumeState newer,
            final Pace pace,
            final Cancellation cancellation)
            throws IOException {
        final Difference difference = new Difference(store, older, newer, pace, cancellation);
        try (ExtentMap moved = new ExtentMap()) {
            difference.compareLocations(moved);
            if (moved.extentCount() > 0) {
                difference.compareBlocks(moved);
            }
        } catch (final IOException | RuntimeException e) {
            difference.close();
            throw e;
        }
        return difference;
    }

    /** The state that the difference leads from. */
    public VolumeState older() {
        return older;
    }

    /** The state that it leads to. */
    public VolumeState newer() {
        return newer;
    }

    /** Blocks that were written, and where the newer state has them. */
    public ExtentMap written() {
        return written;
    }

    /** Blocks that were discarded; their locations mean nothing. */
    public ExtentMap discarded() {
        return discarded;
    }

    @Override
    public void close() {
        written.close();
        discarded.close();
    }

    /** Sorts blocks by what the maps say; those that both have at different places go to {@code moved}. */
    private void compareLocations(final ExtentMap moved) {
        final ExtentMap from = older.map();
        final ExtentMap to = newer.map();
        final long end = Blocks.count(newer.sizeBytes());
        long at = 0;
        while (at < end) {
            final boolean hasFrom = from.find(at);
            final boolean hasTo = to.find(at);
            if (!hasFrom && !hasTo) {
                return;
            }
            final long fromStart = hasFrom ? Math.max(at, from.foundBlock()) : end;
            final long toStart = hasTo ? Math.max(at, to.foundBlock()) : end;
            at = Math.min(fromStart, toStart);
            if (at >= end) {
                return;
            }
            final long fromStop = fromStart > at ? fromStart : from.foundBlock() + from.foundLength();
            final long toStop = toStart > at ? toStart : to.foundBlock() + to.foundLength();
            final long length = Math.min(end, Math.min(fromStop, toStop)) - at;
            if (toStart > at) {
                discarded.put(at, length, at);
            } else if (fromStart > at) {
                written.put(at, length, to.foundLocation() + (at - to.foundBlock()));
            } else if (from.foundLocation() - from.foundBlock() != to.foundLocation() - to.foundBlock()) {
                moved.put(at, length, at);
            }
            at += length;
        }
    }

    private void compareBlocks(final ExtentMap moved) throws IOException {
        try (BlockSource from = new BlockSource(store, older.epochs(), pace, cancellation);
                BlockSource to = new BlockSource(store, newer.epochs(), pace, cancellation);
                Arena arena = Arena.ofShared()) {
            final Comparison data = new Comparison(
                    from, to, arena.allocate(COMPARED_BYTES, Blocks.SIZE), arena.allocate(COMPARED_BYTES, Blocks.SIZE));
            compareBlocks(moved, data);
        }
    }

    private void compareBlocks(final ExtentMap moved, final Comparison data) throws IOException {
        long block = 0;
        while (moved.find(block)) {
            try (ExtentMap window = new ExtentMap()) {
                long count = 0;
                while (count < WINDOW_BLOCKS && moved.find(block)) {
                    final long start = Math.max(block, moved.foundBlock());
                    final long length =
                            Math.min(WINDOW_BLOCKS - count, moved.foundBlock() + moved.foundLength() - start);
                    window.append(start, (int) length, count);
                    count += length;
                    block = start + length;
                }
                compareBlocks(window, (int) count, data);
            }
        }
    }

    /** @param window blocks, and the rank of each among them. */
    private void compareBlocks(final ExtentMap window, final int count, final Comparison data) throws IOException {
        final int[] before = checksums(older, window, count);
        final int[] after = checksums(newer, window, count);
        final BitSet same = new BitSet(count);
        for (int rank = 0; rank < count; rank++) {
            same.set(rank, before[rank] == after[rank]);
        }
        final BitSet changed = new BitSet(count);
        changed.set(0, count);
        changed.andNot(same);
        try (ExtentMap alike = new ExtentMap()) {
            forEach(same, window, (start, end) -> alike.put(start, end - start, start));
            try (ExtentMap from = restrict(older.map(), alike);
                    ExtentMap to = restrict(newer.map(), alike)) {
                data.compare(from, to, window, changed);
            }
        }
        forEach(changed, window, (start, end) -> putWritten(newer.map(), start, end));
    }

    /** Receives runs of blocks. */
    @FunctionalInterface
    private interface Runs {
        /** From one block up to, and not including, another. */
        void onRun(long start, long end);
    }

    /** Tells the blocks of a window whose ranks are set. */
    private static void forEach(final BitSet ranks, final ExtentMap window, final Runs runs) {
        long block = 0;
        while (window.find(block)) {
            final long start = window.foundBlock();
            final int rank = (int) window.foundLocation();
            final int length = window.foundLength();
            block = start + length;
            for (int i = ranks.nextSetBit(rank); i >= 0 && i < rank + length; ) {
                final int end = Math.min(rank + length, ranks.nextClearBit(i));
                runs.onRun(start + i - rank, start + end - rank);
                i = ranks.nextSetBit(end);
            }
        }
    }

    /** Reads what two states have of the same blocks, part by part, and compares it. */
    private record Comparison(BlockSource older, BlockSource newer, MemorySegment before, MemorySegment after) {
        /** Sets the ranks of those that differ. */
        void compare(final ExtentMap from, final ExtentMap to, final ExtentMap window, final BitSet changed)
                throws IOException {
            long block = 0;
            while (to.find(block)) {
                final long first = Math.max(block, to.foundBlock());
                block = first + (COMPARED_BYTES >> Blocks.SHIFT);
                older.read(from, first, before);
                newer.read(to, first, after);
                for (long at = first; at < block && to.find(at) && to.foundBlock() < block; ) {
                    at = Math.max(at, to.foundBlock());
                    final long offset = at - first << Blocks.SHIFT;
                    final long end = offset + Blocks.SIZE;
                    if (MemorySegment.mismatch(before, offset, end, after, offset, end) >= 0 && window.find(at)) {
                        changed.set((int) (window.foundLocation() + (at - window.foundBlock())));
                    }
                    at++;
                }
            }
        }
    }

    private void putWritten(final ExtentMap to, final long start, final long end) {
        long at = start;
        while (at < end && to.find(at)) {
            final long stop = Math.min(end, to.foundBlock() + to.foundLength());
            written.put(at, stop - at, to.foundLocation() + (at - to.foundBlock()));
            at = stop;
        }
    }

    /** The checksums of some blocks of a state, by their ranks. */
    private int[] checksums(final VolumeState state, final ExtentMap window, final int count) throws IOException {
        final int[] crcs = new int[count];
        final long[] found = new long[1];
        try (ExtentMap part = restrict(state.map(), window);
                ObjectScan scan = new ObjectScan(store, pace, cancellation, ObjectScan.HEADER_READ, READS)) {
            scan.scan(
                    state.objectsOf(part),
                    (name, header, bytes) -> found[0] += LiveRuns.forEach(header, part, (block, length, dataBlock) -> {
                        int done = 0;
                        while (done < length && window.find(block + done)) {
                            final int rank = (int) (window.foundLocation() + (block + done - window.foundBlock()));
                            final int run = (int) Math.min(
                                    length - done, window.foundBlock() + window.foundLength() - (block + done));
                            for (int i = 0; i < run; i++) {
                                crcs[rank + i] = header.blockCrc(dataBlock + done + i);
                            }
                            done += run;
                        }
                    }));
        }
        if (found[0] != count) {
            throw new FormatException("volume " + state.volume()
                    + " is damaged: objects do not hold what the extent map expects in them");
        }
        return crcs;
    }

    /** What a map says of the blocks of another. */
    private static ExtentMap restrict(final ExtentMap map, final ExtentMap to) {
        final ExtentMap part = new ExtentMap();
        long block = 0;
        while (to.find(block)) {
            long at = to.foundBlock();
            block = at + to.foundLength();
            while (at < block && map.find(at)) {
                final long stop = Math.min(block, map.foundBlock() + map.foundLength());
                part.append(at, (int) (stop - at), map.foundLocation() + (at - map.foundBlock()));
                at = stop;
            }
        }
        return part;
    }
}

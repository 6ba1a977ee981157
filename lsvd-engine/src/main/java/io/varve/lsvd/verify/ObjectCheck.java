package io.varve.lsvd.verify;

import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.format.FormatException;
import io.varve.lsvd.format.Frames;
import io.varve.lsvd.format.ObjectHeader;
import io.varve.lsvd.format.ObjectType;
import io.varve.lsvd.history.Epochs;
import io.varve.lsvd.history.History;
import io.varve.lsvd.map.ExtentMap;
import io.varve.lsvd.map.Location;
import io.varve.lsvd.objects.ObjectIndex;
import io.varve.lsvd.objects.ObjectReader;
import io.varve.lsvd.scan.LiveRuns;
import io.varve.lsvd.scan.ObjectName;
import io.varve.lsvd.scan.Pace;
import io.varve.lsvd.store.StoreClient;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.BitSet;
import java.util.function.Consumer;

/** Holds one object at a time against its own checksums, and against the map that names it. One thread's. */
final class ObjectCheck {
    private static final int PIECE_BYTES = 4 << 20;
    private static final int PIECE_BLOCKS = PIECE_BYTES / Blocks.SIZE;
    private static final int PIECE_FRAMES = PIECE_BYTES / Frames.SIZE;
    private static final int MAX_RUNS_TOLD = 4;

    private final StoreClient store;
    private final Pace pace;
    private final Epochs epochs;
    private final ExtentMap map;
    private final Consumer<Finding> findings;
    private final ObjectReader reader;
    private MemorySegment piece;
    private MemorySegment plain;
    private long bytesRead;

    /**
     * Makes a check.
     *
     * @param history of the volume; null when it is not known: then only checksums are checked.
     */
    ObjectCheck(final StoreClient store, final Pace pace, final History history, final Consumer<Finding> findings) {
        this.store = store;
        this.pace = pace;
        reader = new ObjectReader(store.keys());
        epochs = history == null ? null : history.epochs();
        map = history == null ? null : history.map();
        this.findings = findings;
    }

    /** Bytes read behind those that were given. */
    long bytesRead() {
        return bytesRead;
    }

    /**
     * Checks an object.
     *
     * @param bytes      its beginning; the rest is read here.
     * @param liveBlocks how many of its blocks the map names.
     */
    void check(final ObjectName name, final ObjectHeader header, final MemorySegment bytes, final long liveBlocks)
            throws IOException {
        if (liveBlocks > 0 && header.type() != ObjectType.DATA) {
            findings.accept(Finding.of(name.key(), "should hold data and does not", namedIn(name.sequence(), null)));
            return;
        }
        if (bytes.byteSize() > header.objectLength()) {
            findings.accept(Finding.of(name.key(), "is damaged: it is longer than its header says", new Ranges()));
        }
        if (epochs != null
                && header.type() != ObjectType.SEAL
                && !header.nonce().equals(epochs.of(name.sequence()).nonce())) {
            findings.accept(Finding.of(
                    name.key(),
                    "was written by someone who had not opened the volume",
                    namedIn(name.sequence(), null)));
        }
        if (header.type() == ObjectType.DATA) {
            checkBlocks(name, header, bytes);
            checkReferences(name, header, liveBlocks);
        } else {
            checkBody(name, header, bytes);
        }
    }

    private void checkBlocks(final ObjectName name, final ObjectHeader header, final MemorySegment bytes)
            throws IOException {
        final ObjectIndex index = ObjectIndex.ofData(name.key(), header);
        final int count = index.blockCount();
        final BitSet good = new BitSet(count);
        boolean isCut = false;
        for (int first = 0; first < count && !isCut; first += PIECE_BLOCKS) {
            final int end = Math.min(count, first + PIECE_BLOCKS);
            final MemorySegment stored = read(name, bytes, index.offset(first), index.storedLength(first, end));
            isCut = stored.byteSize() < index.storedLength(first, end);
            reader.decode(index, first, end, stored, plain().asSlice(0, (long) (end - first) << Blocks.SHIFT), good);
        }
        final BitSet damaged = new BitSet(count);
        damaged.set(0, count);
        damaged.andNot(good);
        if (!damaged.isEmpty()) {
            final String what = isCut && damaged.nextClearBit(damaged.nextSetBit(0)) == count
                    ? "is damaged: it is too short, and data blocks " + runs(damaged) + " are missing"
                    : "is damaged: data blocks " + runs(damaged) + " of " + count + " do not match their checksums";
            findings.accept(Finding.of(name.key(), what, inUse(header, damaged)));
        }
    }

    private Ranges inUse(final ObjectHeader header, final BitSet damaged) {
        final Ranges ranges = new Ranges();
        if (map != null) {
            LiveRuns.forEach(header, map, (block, length, dataBlock) -> {
                for (int i = damaged.nextSetBit(dataBlock);
                        i >= 0 && i < dataBlock + length;
                        i = damaged.nextSetBit(i + 1)) {
                    ranges.add(block + i - dataBlock, 1);
                }
            });
        }
        return ranges;
    }

    /** Every run of the map that names the object must be among those that the object says it holds. */
    private void checkReferences(final ObjectName name, final ObjectHeader header, final long liveBlocks) {
        if (map == null || LiveRuns.forEach(header, map, (block, length, dataBlock) -> {}) == liveBlocks) {
            return;
        }
        try (ExtentMap held = new ExtentMap()) {
            LiveRuns.forEach(
                    header,
                    map,
                    (block, length, dataBlock) ->
                            held.put(block, length, Location.inObject(name.sequence(), dataBlock)));
            findings.accept(Finding.of(
                    name.key(), "does not hold what the extent map expects in it", namedIn(name.sequence(), held)));
        }
    }

    /** What the map names in an object, but for some of it. */
    private Ranges namedIn(final long sequence, final ExtentMap but) {
        final Ranges ranges = new Ranges();
        long block = 0;
        while (map.find(block)) {
            block = map.foundBlock() + map.foundLength();
            if (Location.sequence(map.foundLocation()) == sequence) {
                addAllBut(ranges, map.foundBlock(), block, but);
            }
        }
        return ranges;
    }

    private static void addAllBut(final Ranges ranges, final long start, final long end, final ExtentMap but) {
        long at = start;
        while (but != null && at < end && but.find(at) && but.foundBlock() < end) {
            if (but.foundBlock() > at) {
                ranges.add(at, but.foundBlock() - at);
            }
            at = but.foundBlock() + but.foundLength();
        }
        if (at < end) {
            ranges.add(at, end - at);
        }
    }

    private void checkBody(final ObjectName name, final ObjectHeader header, final MemorySegment bytes)
            throws IOException {
        final ObjectIndex index = ObjectIndex.of(name.key(), header);
        for (int first = 0; first < index.frameCount(); first += PIECE_FRAMES) {
            final int end = Math.min(index.frameCount(), first + PIECE_FRAMES);
            final int length = (int) (index.frameOffset(end) - index.frameOffset(first));
            final MemorySegment stored = read(name, bytes, index.frameOffset(first), length);
            if (stored.byteSize() < length) {
                findings.accept(Finding.of(name.key(), "is damaged: it is too short", new Ranges()));
                return;
            }
            try {
                reader.decodeFrames(index, first, end, stored, plain());
            } catch (final FormatException e) {
                findings.accept(Finding.of(name.key(), "is damaged: its checksum does not match", new Ranges()));
                return;
            }
        }
    }

    /** Reads a stretch of an object, of which the beginning is there; what comes back is shorter where the object is. */
    private MemorySegment read(
            final ObjectName name, final MemorySegment beginning, final long offset, final int length)
            throws IOException {
        if (offset + length <= beginning.byteSize()) {
            return beginning.asSlice(offset, length);
        }
        if (piece == null) {
            piece = Arena.ofAuto().allocate(PIECE_BYTES + 2L * Frames.SIZE, Blocks.SIZE);
        }
        final MemorySegment target = piece.asSlice(0, length);
        final int count = length == 0 ? 0 : store.get(name.key(), offset, target);
        pace.onRead(count);
        bytesRead += count;
        return target.asSlice(0, count);
    }

    private MemorySegment plain() {
        if (plain == null) {
            plain = Arena.ofAuto().allocate(PIECE_BYTES, Blocks.SIZE);
        }
        return plain;
    }

    private static String runs(final BitSet blocks) {
        final StringBuilder text = new StringBuilder();
        int told = 0;
        for (int start = blocks.nextSetBit(0); start >= 0; told++) {
            final int end = blocks.nextClearBit(start);
            if (told == MAX_RUNS_TOLD) {
                return text + " and others";
            }
            text.append(told == 0 ? "" : ", ").append(start).append(end - start == 1 ? "" : "-" + (end - 1));
            start = blocks.nextSetBit(end);
        }
        return text.toString();
    }
}

package io.varve.lsvd.verify;

import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.format.Checksum;
import io.varve.lsvd.format.ObjectHeader;
import io.varve.lsvd.format.ObjectType;
import io.varve.lsvd.history.Epochs;
import io.varve.lsvd.history.History;
import io.varve.lsvd.map.ExtentMap;
import io.varve.lsvd.map.Location;
import io.varve.lsvd.scan.LiveRuns;
import io.varve.lsvd.scan.ObjectName;
import io.varve.lsvd.scan.Pace;
import io.varve.lsvd.store.StoreClient;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.BitSet;
import java.util.function.Consumer;
import java.util.zip.CRC32C;

/** Holds one object at a time against its own checksums, and against the map that names it. One thread's. */
final class ObjectCheck {
    private static final int PIECE = 4 << 20;
    private static final int MAX_RUNS_TOLD = 4;

    private final StoreClient store;
    private final Pace pace;
    private final Epochs epochs;
    private final ExtentMap map;
    private final Consumer<Finding> findings;
    private final CRC32C crc = new CRC32C();
    private MemorySegment piece;
    private long bytesRead;

    /**
     * Makes a check.
     *
     * @param history of the volume; null when it is not known: then only checksums are checked.
     */
    ObjectCheck(final StoreClient store, final Pace pace, final History history, final Consumer<Finding> findings) {
        this.store = store;
        this.pace = pace;
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
        final BitSet damaged = new BitSet();
        final int count = header.blockCount();
        int done = check(header, 0, bytes, header.headerLength(), damaged);
        int missing = 0;
        while (done < count && missing == 0) {
            final long offset = header.headerLength() + ((long) done << Blocks.SHIFT);
            final MemorySegment read = readPiece(name, offset, Math.min(PIECE, (long) (count - done) << Blocks.SHIFT));
            final int checked = check(header, done, read, 0, damaged);
            if (checked == 0) {
                missing = count - done;
                damaged.set(done, count);
            }
            done += checked;
        }
        if (!damaged.isEmpty()) {
            final String what = missing > 0 && damaged.cardinality() == missing
                    ? "is damaged: it is too short, and data blocks " + runs(damaged) + " are missing"
                    : "is damaged: data blocks " + runs(damaged) + " of " + count + " do not match their checksums";
            findings.accept(Finding.of(name.key(), what, inUse(header, damaged)));
        }
    }

    /** Checks whole blocks in a segment from an offset on, and gives their number. */
    private static int check(
            final ObjectHeader header,
            final int first,
            final MemorySegment bytes,
            final int offset,
            final BitSet damaged) {
        final long present = (bytes.byteSize() - offset) >> Blocks.SHIFT;
        final int count = (int) Math.max(0, Math.min(present, header.blockCount() - first));
        final Checksum checksum = new Checksum(bytes);
        for (int i = 0; i < count; i++) {
            if (checksum.of(offset + (i << Blocks.SHIFT), Blocks.SIZE) != header.blockCrc(first + i)) {
                damaged.set(first + i);
            }
        }
        return count;
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
        crc.reset();
        long at = Math.min(bytes.byteSize(), header.objectLength());
        if (at > header.headerLength()) {
            crc.update(bytes.asSlice(header.headerLength(), at - header.headerLength())
                    .asByteBuffer());
        }
        while (at < header.objectLength()) {
            final MemorySegment read = readPiece(name, at, Math.min(PIECE, header.objectLength() - at));
            if (read.byteSize() == 0) {
                findings.accept(Finding.of(name.key(), "is damaged: it is too short", new Ranges()));
                return;
            }
            crc.update(read.asByteBuffer());
            at += read.byteSize();
        }
        if (header.type() == ObjectType.CHECKPOINT && (int) crc.getValue() != header.bodyCrc()) {
            findings.accept(Finding.of(name.key(), "is damaged: its checksum does not match", new Ranges()));
        }
    }

    private MemorySegment readPiece(final ObjectName name, final long offset, final long length) throws IOException {
        if (piece == null) {
            piece = Arena.ofAuto().allocate(PIECE, Long.BYTES);
        }
        final MemorySegment target = piece.asSlice(0, length);
        final int count = store.get(name.key(), offset, target);
        pace.onRead(count);
        bytesRead += count;
        return target.asSlice(0, count);
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

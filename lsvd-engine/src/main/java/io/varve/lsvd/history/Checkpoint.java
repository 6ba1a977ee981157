package io.varve.lsvd.history;

import io.varve.lsvd.format.Checksum;
import io.varve.lsvd.format.FormatException;
import io.varve.lsvd.format.ObjectHeader;
import io.varve.lsvd.format.ObjectType;
import io.varve.lsvd.map.ExtentMap;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.UUID;

/**
 * A checkpoint object: the extent map as all objects before it make it, and the epochs that those belong to. Behind the
 * header stand
 *
 * <pre>
 *  0  u64  number of extents
 *  8  u64  number of epochs
 * 16  epochs, oldest first: number u64, first sequence u64
 *     extents, ascending: first block u64 (low 40 bits) and length (high 24 bits, 0 standing for 2^24), location u64
 * </pre>
 */
public final class Checkpoint {
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final int PAIR = 2 * Long.BYTES;
    private static final int LENGTH_SHIFT = 40;
    private static final long BLOCK_MASK = (1L << LENGTH_SHIFT) - 1;

    private Checkpoint() {}

    /** Length of a checkpoint object in bytes. */
    public static long length(final ExtentMap map, final Epochs epochs) {
        return ObjectHeader.length(0, 0) + (1L + epochs.count() + map.extentCount()) * PAIR;
    }

    /** Builds a checkpoint object in memory of the automatic arena. */
    public static MemorySegment encode(
            final UUID volume,
            final long epoch,
            final UUID nonce,
            final long sequence,
            final long lastRecord,
            final ExtentMap map,
            final Epochs epochs) {
        final MemorySegment object = Arena.ofAuto().allocate(length(map, epochs), Long.BYTES);
        final ObjectHeader header = new ObjectHeader(object);
        header.begin(ObjectType.CHECKPOINT, volume, epoch, sequence, nonce, 0, 0);
        header.records(lastRecord, lastRecord);
        header.checkpoint(sequence);
        final MemorySegment body = object.asSlice(header.headerLength());
        put(body, 0, map.extentCount(), epochs.count());
        long offset = PAIR;
        for (int i = 0; i < epochs.count(); i++) {
            put(body, offset, epochs.epoch(i), epochs.firstSequence(i));
            offset += PAIR;
        }
        long block = 0;
        while (map.find(block)) {
            final long length = map.foundLength() & ExtentMap.MAX_EXTENT_BLOCKS - 1;
            put(body, offset, length << LENGTH_SHIFT | map.foundBlock(), map.foundLocation());
            offset += PAIR;
            block = map.foundBlock() + map.foundLength();
        }
        header.body(body.byteSize(), Checksum.of(body));
        header.seal();
        return object;
    }

    /**
     * Reads the body of a checkpoint into an empty map.
     *
     * @return the epochs.
     * @throws FormatException when it is damaged.
     */
    static Epochs decode(final String key, final ObjectHeader header, final MemorySegment body, final ExtentMap map)
            throws FormatException {
        if (Checksum.of(body) != header.bodyCrc()) {
            throw new FormatException(key + " is damaged: its checksum does not match");
        }
        final long extentCount = body.get(LONG, 0);
        final long epochCount = body.get(LONG, Long.BYTES);
        if (extentCount < 0 || epochCount < 0 || (1 + extentCount + epochCount) * PAIR != body.byteSize()) {
            throw new FormatException(key + " is damaged: its lengths do not add up");
        }
        long offset = PAIR;
        Epochs epochs = Epochs.NONE;
        for (long i = 0; i < epochCount; i++) {
            epochs = epochs.with(body.get(LONG, offset), body.get(LONG, offset + Long.BYTES));
            offset += PAIR;
        }
        for (long i = 0; i < extentCount; i++) {
            final long key64 = body.get(LONG, offset);
            final long length = key64 >>> LENGTH_SHIFT;
            map.put(
                    key64 & BLOCK_MASK,
                    length == 0 ? ExtentMap.MAX_EXTENT_BLOCKS : length,
                    body.get(LONG, offset + Long.BYTES));
            offset += PAIR;
        }
        return epochs;
    }

    private static void put(final MemorySegment body, final long offset, final long first, final long second) {
        body.set(LONG, offset, first);
        body.set(LONG, offset + Long.BYTES, second);
    }
}

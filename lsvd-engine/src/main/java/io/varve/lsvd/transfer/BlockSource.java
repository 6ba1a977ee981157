package io.varve.lsvd.transfer;

import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.format.FormatException;
import io.varve.lsvd.format.Frames;
import io.varve.lsvd.history.Epochs;
import io.varve.lsvd.map.ExtentMap;
import io.varve.lsvd.map.Location;
import io.varve.lsvd.objects.ObjectIndex;
import io.varve.lsvd.objects.ObjectReader;
import io.varve.lsvd.scan.Cancellation;
import io.varve.lsvd.scan.ObjectName;
import io.varve.lsvd.scan.Pace;
import io.varve.lsvd.store.NoSuchObjectException;
import io.varve.lsvd.store.StoreClient;
import io.varve.lsvd.store.StoreClient.Reading;
import io.varve.lsvd.store.StoreException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads blocks of a volume out of its objects, and checks them. What a range needs of one object, which mostly stands together,
 * is read at once, {@value #READS} reads at a time, of {@value #READ_BYTES} bytes and two frames at most. For one thread that may wait.
 */
public final class BlockSource implements AutoCloseable {
    private static final int READS = 12;
    private static final int READ_BYTES = 2 << 20;
    private static final int READ_BLOCKS = READ_BYTES >> Blocks.SHIFT;

    /** Blocks that are not wanted are read along if they are fewer than these: cheaper than another read. */
    private static final int MAX_GAP = 16;

    private static final int MAX_TRIES = 3;

    private final StoreClient store;
    private final Epochs epochs;
    private final Pace pace;
    private final Cancellation cancellation;
    private final ObjectIndexes indexes;
    private final Arena arena = Arena.ofShared();
    private final ArrayDeque<MemorySegment> free = new ArrayDeque<>();
    private final MemorySegment plain = arena.allocate(READ_BYTES, Blocks.SIZE);
    private final Map<Long, ObjectName> names = new HashMap<>();
    private final ObjectReader reader;
    private final BitSet good = new BitSet();
    private boolean isQuiet = true;

    /**
     * Makes a source.
     *
     * @param epochs of all objects that are going to be read.
     */
    public BlockSource(final StoreClient store, final Epochs epochs, final Pace pace, final Cancellation cancellation) {
        this.store = store;
        this.epochs = epochs;
        this.pace = pace;
        reader = new ObjectReader(store.keys());
        this.cancellation = cancellation;
        indexes = new ObjectIndexes(store, pace, cancellation);
        for (int i = 0; i < READS; i++) {
            free.add(arena.allocate(READ_BYTES + 2 * Frames.SIZE, Long.BYTES));
        }
    }

    /** A run of data blocks, and where it belongs. */
    private record Piece(long location, int blocks, long targetOffset) {
        long sequence() {
            return Location.sequence(location);
        }

        int dataBlock() {
            return Location.block(location);
        }

        int end() {
            return dataBlock() + blocks;
        }
    }

    /** Pieces that are read together, in the order of their data. */
    private record Group(ObjectName name, List<Piece> pieces) {
        int first() {
            return pieces.getFirst().dataBlock();
        }

        int end() {
            return pieces.getLast().end();
        }

        int blocks() {
            return end() - first();
        }
    }

    private record UnderWay(Group group, MemorySegment memory, Reading reading) {}

    /**
     * Reads a range.
     *
     * @param block  first block of the range.
     * @param target as long as the range, whole blocks; those that the map does not name are left as they are.
     * @throws NoSuchObjectException when an object is not there, or not any more.
     * @throws FormatException       when one is damaged.
     */
    public void read(final ExtentMap map, final long block, final MemorySegment target) throws IOException {
        final List<Group> groups = group(pieces(map, block, target.byteSize() >> Blocks.SHIFT));
        names.clear();
        indexes.load(groups.stream().map(Group::name).distinct().toList());
        isQuiet = false;
        final ArrayDeque<UnderWay> underWay = new ArrayDeque<>();
        int next = 0;
        while (next < groups.size() || !underWay.isEmpty()) {
            while (next < groups.size() && !free.isEmpty()) {
                cancellation.check();
                pace.await(cancellation);
                final MemorySegment memory = free.remove();
                final Group group = groups.get(next++);
                underWay.add(new UnderWay(group, memory, begin(group, memory)));
            }
            final UnderWay oldest = underWay.remove();
            finish(oldest, target);
            free.add(oldest.memory);
        }
        isQuiet = true;
    }

    /** Frees the memory, unless the store may still be filling it. */
    @Override
    public void close() {
        reader.close();
        indexes.close();
        if (isQuiet) {
            arena.close();
        }
    }

    private static List<Piece> pieces(final ExtentMap map, final long block, final long count) {
        final List<Piece> pieces = new ArrayList<>();
        final long end = block + count;
        long at = block;
        while (at < end && map.find(at) && map.foundBlock() < end) {
            at = Math.max(at, map.foundBlock());
            final long location = map.foundLocation() + (at - map.foundBlock());
            final long stop = Math.min(end, map.foundBlock() + map.foundLength());
            for (long left = stop - at, done = 0; left > done; done += READ_BLOCKS) {
                pieces.add(new Piece(
                        location + done, (int) Math.min(READ_BLOCKS, left - done), at + done - block << Blocks.SHIFT));
            }
            at = stop;
        }
        pieces.sort(Comparator.comparingLong(Piece::location));
        return pieces;
    }

    private List<Group> group(final List<Piece> pieces) {
        final List<Group> groups = new ArrayList<>();
        Group last = null;
        for (final Piece piece : pieces) {
            final boolean isNear = last != null
                    && last.name.sequence() == piece.sequence()
                    && piece.dataBlock() - last.pieces.getLast().end() < MAX_GAP
                    && piece.end() - last.first() <= READ_BLOCKS;
            if (!isNear) {
                last = new Group(
                        names.computeIfAbsent(piece.sequence(), one -> ObjectName.of(epochs, one)), new ArrayList<>());
                groups.add(last);
            }
            last.pieces.add(piece);
        }
        return groups;
    }

    private Reading begin(final Group group, final MemorySegment memory) throws FormatException {
        final ObjectIndex index = indexes.get(group.name);
        if (group.first() + group.blocks() > index.blockCount()) {
            throw new FormatException(group.name.key() + " does not hold what the extent map expects in it");
        }
        return store.begin(
                group.name.key(),
                index.offset(group.first()),
                memory.asSlice(0, index.storedLength(group.first(), group.end())));
    }

    private void finish(final UnderWay read, final MemorySegment target) throws IOException {
        final Group group = read.group;
        final MemorySegment stored = await(read);
        pace.onRead(stored.byteSize());
        final ObjectIndex index = indexes.get(group.name);
        if (stored.byteSize() != index.storedLength(group.first(), group.end())) {
            throw new FormatException(group.name.key() + " is damaged: it is too short");
        }
        final MemorySegment data = index.isPlain(group.first(), group.end())
                ? stored
                : plain.asSlice(0, (long) group.blocks() << Blocks.SHIFT);
        reader.decode(index, group.first(), group.end(), stored, data, good);
        for (final Piece piece : group.pieces) {
            final int damaged = good.nextClearBit(piece.dataBlock());
            if (damaged < piece.end()) {
                throw new FormatException(
                        group.name.key() + " is damaged: data block " + damaged + " does not match its checksum");
            }
            final long offset = (long) (piece.dataBlock() - group.first()) << Blocks.SHIFT;
            MemorySegment.copy(data, offset, target, piece.targetOffset, (long) piece.blocks << Blocks.SHIFT);
        }
    }

    private MemorySegment await(final UnderWay read) throws IOException {
        Reading reading = read.reading;
        for (int tries = 1; ; tries++) {
            try {
                return store.await(reading);
            } catch (final NoSuchObjectException e) {
                throw e;
            } catch (final StoreException e) {
                if (tries == MAX_TRIES || !reading.length().isDone()) {
                    throw e;
                }
                reading = begin(read.group, read.memory);
            }
        }
    }
}

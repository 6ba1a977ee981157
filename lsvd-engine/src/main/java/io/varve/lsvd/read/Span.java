package io.varve.lsvd.read;

import io.varve.linux.Memory;
import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.format.FormatException;
import io.varve.lsvd.map.Location;
import io.varve.lsvd.objects.ObjectIndex;
import io.varve.lsvd.objects.ObjectReader;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * A run of data blocks of one object that is fetched by one read of the store, for however many pieces want some of it. The
 * fetcher's.
 */
final class Span {
    /** What a span is doing. */
    enum State {
        /** It waits for the store, or to ask it again. */
        FETCHING,

        /** Its data is there, and is being handed to the read cache. */
        CACHING,

        /** Its data stays there until its memory is needed. */
        RESTING
    }

    /** Blocks of the object that a piece wants from here. */
    private record Part(ReadPiece piece, int from, int to) {}

    final long sequence;
    final int first;
    final SpanMemory memory;
    int end;
    State state = State.FETCHING;
    CompletableFuture<ObjectIndex> index;
    CompletableFuture<Integer> data;
    boolean isWaiting;
    int errors;
    long dueNs;
    int cachedTo;
    private ObjectIndex known;
    private MemorySegment target;
    private final List<Part> parts = new ArrayList<>();
    private final BitSet demanded = new BitSet();
    private final BitSet good = new BitSet();

    /** Makes a span of the blocks from {@code first} on up to, and without, {@code end}. */
    Span(final long sequence, final int first, final int end, final SpanMemory memory) {
        this.sequence = sequence;
        this.first = first;
        this.end = end;
        this.cachedTo = first;
        this.memory = memory;
    }

    /** Whether a block can be had from here: it is on its way, or there and good. */
    boolean holds(final long ofSequence, final int block) {
        return sequence == ofSequence && first <= block && block < end && (state == State.FETCHING || good.get(block));
    }

    /**
     * Takes a piece in: it is given its part now if that is there, and else with the others.
     *
     * @param from first block that it wants, which this span holds.
     * @return the first block that it has to look for elsewhere.
     */
    int join(final ReadPiece piece, final int from) {
        int to = Math.min(end, Location.block(piece.location) + piece.blocks);
        if (state == State.FETCHING) {
            demanded.set(from, to);
            parts.add(new Part(piece, from, to));
            piece.spans++;
        } else {
            to = Math.min(to, good.nextClearBit(from));
            fill(piece, from, to);
        }
        return to;
    }

    /**
     * The object is known now: the span ends where the object does.
     *
     * @throws FormatException when somebody wants more than the object holds.
     */
    void onIndex(final ObjectIndex found) throws FormatException {
        known = found;
        if (demanded.length() > known.blockCount()) {
            throw new FormatException(known.key() + " is damaged: it has no data block " + (demanded.length() - 1));
        }
        end = Math.min(end, known.blockCount());
        target = known.isPlain(first, end)
                ? memory.first(end - first << Blocks.SHIFT)
                : memory.stored(known.storedLength(first, end));
    }

    /** What the object is known by. */
    ObjectIndex known() {
        return known;
    }

    /** Where the span begins in the object, in bytes. */
    long offset() {
        return known.offset(first);
    }

    /** Where what is stored of it goes. */
    MemorySegment target() {
        return target;
    }

    /** Decompresses, and checks, so many bytes that the store has given. */
    void decode(final int bytes, final ObjectReader reader) {
        reader.decode(known, first, end, target.asSlice(0, bytes), memory.first(end - first << Blocks.SHIFT), good);
    }

    /** Gives the pieces that wait their parts, or a failure where those are damaged; lets go of them. */
    List<ReadPiece> answerAll(final String failure) {
        for (final Part part : parts) {
            if (isGood(part.from, part.to)) {
                fill(part.piece, part.from, part.to);
            } else {
                part.piece.failure = failure;
            }
        }
        return letGo();
    }

    /** Fails the pieces that wait, perhaps because the object is not there, and lets go of them. */
    List<ReadPiece> failAll(final String failure, final boolean isMissing) {
        for (final Part part : parts) {
            part.piece.failure = failure;
            part.piece.isMissing = isMissing;
        }
        return letGo();
    }

    private List<ReadPiece> letGo() {
        final List<ReadPiece> pieces = parts.stream().map(Part::piece).toList();
        pieces.forEach(piece -> piece.spans--);
        parts.clear();
        return pieces;
    }

    /** The first block that somebody wants and that is not as it should be, or -1. */
    int firstDamaged() {
        for (int block = demanded.nextSetBit(0); block >= 0; block = demanded.nextSetBit(block + 1)) {
            if (!good.get(block)) {
                return block;
            }
        }
        return -1;
    }

    /** Whether a run of blocks is as it should be. */
    boolean isGood(final int from, final int to) {
        return good.nextClearBit(from) >= to;
    }

    /** Which of so many blocks, from one on, somebody has asked for, as bits. */
    int demandedOf(final int from, final int count) {
        int mask = 0;
        for (int i = 0; i < count; i++) {
            mask |= demanded.get(from + i) ? 1 << i : 0;
        }
        return mask;
    }

    /** Native address of a block. */
    long address(final int block) {
        return memory.address() + ((long) (block - first) << Blocks.SHIFT);
    }

    private void fill(final ReadPiece piece, final int from, final int to) {
        Memory.copy(
                address(from),
                piece.memory.address() + ((long) (from - Location.block(piece.location)) << Blocks.SHIFT),
                (long) (to - from) << Blocks.SHIFT);
    }
}

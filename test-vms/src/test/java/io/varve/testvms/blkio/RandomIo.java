package io.varve.testvms.blkio;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.BitSet;
import java.util.Locale;
import java.util.SplittableRandom;

/**
 * Random requests on a disk, up to a fixed number in flight, each read judged by a {@link DiskModel}. Requests that
 * are in flight together don't overlap when one of them changes the disk, so that the model knows what has to be there.
 */
final class RandomIo {
    private static final int MAX_BYTES = 64 << 10;
    private static final int ATTEMPTS = 16;
    private static final int PROGRESS_INTERVAL = 500;

    private enum Kind {
        READ,
        WRITE,
        DISCARD,
        WRITE_ZEROES,
        FLUSH
    }

    /** A request in flight, or a free place for one. */
    private static final class Slot {
        final int id;
        final MemorySegment buffer;
        Kind kind;
        int first;
        int count;

        Slot(final int id, final MemorySegment buffer) {
            this.id = id;
            this.buffer = buffer;
        }
    }

    private final LibBlkio disk;
    private final DiskModel model;
    private final Slot[] slots;
    private final BitSet busy = new BitSet();
    private final long[] completed = new long[Kind.values().length];

    /**
     * Prepares the requests' buffers.
     *
     * @param disk  whose memory has room for {@link #bufferBytes} of the depth.
     * @param model of its contents.
     * @param depth how many requests may be in flight.
     */
    RandomIo(final LibBlkio disk, final DiskModel model, final int depth) {
        this.disk = disk;
        this.model = model;
        slots = new Slot[depth];
        for (int i = 0; i < depth; i++) {
            slots[i] = new Slot(i, disk.buffers().asSlice((long) i * MAX_BYTES, MAX_BYTES));
        }
    }

    /** How much memory a depth needs. */
    static long bufferBytes(final int depth) {
        return (long) depth * MAX_BYTES;
    }

    /**
     * Issues requests and waits for all of them; what the disk answers wrongly is an exception.
     *
     * @param limit how long a request may take.
     */
    void run(final SplittableRandom random, final int requests, final Duration limit, final Runnable onProgress)
            throws IOException {
        int issued = 0;
        while (issued < requests || !busy.isEmpty()) {
            while (issued < requests && busy.cardinality() < slots.length && submitRandom(random)) {
                issued++;
                if (issued % PROGRESS_INTERVAL == 0) {
                    onProgress.run();
                }
            }
            disk.awaitCompletions(limit, this::complete);
        }
    }

    /** Reads the whole disk, from its beginning to its end; each request may take that long. */
    void readEverything(final Duration limit) throws IOException {
        final int piece = MAX_BYTES / model.blockSize();
        int next = 0;
        while (next < model.blocks() || !busy.isEmpty()) {
            while (next < model.blocks() && busy.cardinality() < slots.length) {
                final int count = Math.min(piece, model.blocks() - next);
                submit(freeSlot(), Kind.READ, next, count);
                next += count;
            }
            disk.awaitCompletions(limit, this::complete);
        }
    }

    /** How many requests of each kind are complete. */
    String counts() {
        final StringBuilder text = new StringBuilder();
        for (final Kind kind : Kind.values()) {
            text.append(kind == Kind.READ ? "" : " ")
                    .append(kind.name().toLowerCase(Locale.ROOT))
                    .append('=')
                    .append(completed[kind.ordinal()]);
        }
        return text.toString();
    }

    /** Returns false when every place that was tried is in use. */
    private boolean submitRandom(final SplittableRandom random) {
        final Kind kind = randomKind(random.nextInt(100));
        if (kind == Kind.FLUSH) {
            submit(freeSlot(), kind, 0, 0);
            return true;
        }
        final int most = MAX_BYTES / model.blockSize();
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            // Mostly small ones, as a guest's are.
            final int count = random.nextInt(4) == 0 ? random.nextInt(1, most + 1) : random.nextInt(1, 9);
            final int first = random.nextInt(model.blocks() - count + 1);
            if (!conflicts(kind, first, count)) {
                submit(freeSlot(), kind, first, count);
                return true;
            }
        }
        return false;
    }

    private static Kind randomKind(final int percent) {
        if (percent < 45) {
            return Kind.WRITE;
        }
        if (percent < 85) {
            return Kind.READ;
        }
        if (percent < 91) {
            return Kind.DISCARD;
        }
        return percent < 97 ? Kind.WRITE_ZEROES : Kind.FLUSH;
    }

    private boolean conflicts(final Kind kind, final int first, final int count) {
        for (int i = busy.nextSetBit(0); i >= 0; i = busy.nextSetBit(i + 1)) {
            final Slot slot = slots[i];
            if (first < slot.first + slot.count
                    && slot.first < first + count
                    && !(kind == Kind.READ && slot.kind == Kind.READ)) {
                return true;
            }
        }
        return false;
    }

    private Slot freeSlot() {
        return slots[busy.nextClearBit(0)];
    }

    private void submit(final Slot slot, final Kind kind, final int first, final int count) {
        slot.kind = kind;
        slot.first = first;
        slot.count = count;
        busy.set(slot.id);
        final long offset = (long) first * model.blockSize();
        final long length = (long) count * model.blockSize();
        switch (kind) {
            case READ -> {
                // So that a read that transfers nothing is not taken for the right answer.
                buffer(slot).fill((byte) 0xA5);
                disk.read(slot.id, offset, buffer(slot));
            }
            case WRITE -> {
                final int tag = model.nextTag();
                model.begin(first, count, tag);
                model.fill(buffer(slot), first, tag);
                disk.write(slot.id, offset, buffer(slot));
            }
            case DISCARD -> {
                model.begin(first, count, 0);
                disk.discard(slot.id, offset, length);
            }
            case WRITE_ZEROES -> {
                model.begin(first, count, 0);
                disk.writeZeroes(slot.id, offset, length);
            }
            case FLUSH -> disk.flush(slot.id);
        }
    }

    private void complete(final int id, final int result) throws IOException {
        final Slot slot = slots[id];
        if (!busy.get(id)) {
            throw new IOException("request " + id + " was completed twice");
        }
        busy.clear(id);
        if (result != 0) {
            throw new IOException(
                    slot.kind + " of " + slot.count + " blocks from " + slot.first + " failed with errno " + -result);
        }
        completed[slot.kind.ordinal()]++;
        switch (slot.kind) {
            case READ -> model.verify(buffer(slot), slot.first);
            case WRITE, DISCARD, WRITE_ZEROES -> model.complete(slot.first, slot.count);
            case FLUSH -> {}
        }
    }

    private MemorySegment buffer(final Slot slot) {
        return slot.buffer.asSlice(0, (long) slot.count * model.blockSize());
    }
}

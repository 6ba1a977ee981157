package io.varve.lsvd.read;

import io.varve.lsvd.crypto.VolumeKeys;
import io.varve.lsvd.format.FormatException;
import io.varve.lsvd.format.ObjectHeader;
import io.varve.lsvd.history.Epochs;
import io.varve.lsvd.objects.ObjectIndex;
import io.varve.lsvd.objects.ObjectReader;
import io.varve.lsvd.store.ObjectStore;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * The headers of objects that were read lately: at most {@value #MAX_COST} checksums, and a lump sum for each object. The
 * fetcher's.
 */
final class ObjectIndexes {
    private static final int FIRST_READ = 64 << 10;
    private static final int MAX_COST = 4 << 20;
    private static final int OBJECT_COST = 64;
    private static final int UNKNOWN_COST = 2048;

    private final Map<Long, CompletableFuture<ObjectIndex>> indexes = new LinkedHashMap<>(64, 0.75f, true);
    private final ObjectStore store;
    private final Epochs epochs;
    private final VolumeKeys keys;

    /** For first reads that are over: as many as were ever under way at once. */
    private final Queue<MemorySegment> freeMemory = new ConcurrentLinkedQueue<>();

    ObjectIndexes(final ObjectStore store, final Epochs epochs, final VolumeKeys keys) {
        this.store = store;
        this.epochs = epochs;
        this.keys = keys;
    }

    /** The key of an object. */
    String key(final long sequence) {
        return epochs.key(sequence);
    }

    /** The header of an object, now or later. */
    CompletableFuture<ObjectIndex> get(final long sequence) {
        CompletableFuture<ObjectIndex> index = indexes.get(sequence);
        if (index == null) {
            index = load(sequence);
            indexes.put(sequence, index);
            trim();
        }
        return index;
    }

    /** Forgets a header that could not be read. */
    void forget(final long sequence) {
        indexes.remove(sequence);
    }

    private void trim() {
        long cost = 0;
        for (final CompletableFuture<ObjectIndex> index : indexes.values()) {
            cost += cost(index);
        }
        final Iterator<CompletableFuture<ObjectIndex>> oldest = indexes.values().iterator();
        while (cost > MAX_COST && indexes.size() > 1) {
            cost -= cost(oldest.next());
            oldest.remove();
        }
    }

    private static long cost(final CompletableFuture<ObjectIndex> index) {
        return OBJECT_COST
                + (index.isDone() && !index.isCompletedExceptionally()
                        ? index.join().blockCount()
                        : UNKNOWN_COST);
    }

    private CompletableFuture<ObjectIndex> load(final long sequence) {
        final Epochs.Entry epoch = epochs.of(sequence);
        final String key = epoch.key(sequence);
        final MemorySegment free = freeMemory.poll();
        final MemorySegment first = free != null ? free : Arena.ofAuto().allocate(FIRST_READ, Long.BYTES);
        final CompletableFuture<ObjectIndex> index = store.get(key, 0, first).thenCompose(length -> {
            final MemorySegment bytes = first.asSlice(0, length);
            final ObjectHeader header = new ObjectHeader(bytes);
            if (!header.isRecognizable() || header.headerLength() <= length) {
                return CompletableFuture.completedFuture(parse(key, bytes, epoch, sequence));
            }
            final MemorySegment whole = Arena.ofAuto().allocate(header.headerLength(), Long.BYTES);
            return store.get(key, 0, whole).thenApply(all -> parse(key, whole.asSlice(0, all), epoch, sequence));
        });
        return index.whenComplete((done, error) -> freeMemory.add(first));
    }

    private ObjectIndex parse(
            final String key, final MemorySegment bytes, final Epochs.Entry epoch, final long sequence) {
        try {
            final ObjectHeader header = new ObjectHeader(bytes);
            ObjectReader.validate(header, key, epoch.volume(), epoch.epoch(), sequence, keys);
            return ObjectIndex.ofData(key, header);
        } catch (final FormatException e) {
            throw new CompletionException(e);
        }
    }
}

package io.varve.lsvd;

import io.varve.lsvd.store.ForwardingStore;
import io.varve.lsvd.store.ObjectStore;
import io.varve.lsvd.store.StoredObject;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;

/** A store that counts what it is asked for, and can hold answers to reads back. */
final class CountingStore extends ForwardingStore {
    private final AtomicLong gets = new AtomicLong();
    private final AtomicLong bytes = new AtomicLong();
    private final Queue<String> asked = new ConcurrentLinkedQueue<>();
    private volatile CompletableFuture<Void> gate = CompletableFuture.completedFuture(null);

    private volatile CompletableFuture<Void> dataGate = gate;

    CountingStore(final ObjectStore store) {
        super(store);
    }

    long gets() {
        return gets.get();
    }

    /** Number of reads and listings of keys that hold a text. */
    long asked(final String text) {
        return asked.stream().filter(key -> key.contains(text)).count();
    }

    /** Bytes that were read. */
    long bytes() {
        return bytes.get();
    }

    /** Answers to reads are held back until the future that is given back is completed. */
    CompletableFuture<Void> hold() {
        gate = new CompletableFuture<>();
        return gate;
    }

    /** As {@link #hold()}, but for reads of what stands behind the beginning of an object only. */
    CompletableFuture<Void> holdData() {
        dataGate = new CompletableFuture<>();
        return dataGate;
    }

    @Override
    public CompletableFuture<Integer> get(final String key, final long offset, final MemorySegment target) {
        gets.incrementAndGet();
        asked.add(key);
        final CompletableFuture<Void> wait = offset > 0 ? CompletableFuture.allOf(gate, dataGate) : gate;
        return wait.thenCompose(open -> store().get(key, offset, target)).thenApply(length -> {
            bytes.addAndGet(length);
            return length;
        });
    }

    @Override
    public CompletableFuture<List<StoredObject>> list(final String prefix, final String after, final int limit) {
        asked.add(prefix);
        return store().list(prefix, after, limit);
    }
}

package io.varve.lsvd;

import io.varve.lsvd.store.ObjectStore;
import io.varve.lsvd.store.StoredObject;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;

/** A store that counts what it is asked for, and can hold answers to reads back. */
final class CountingStore implements ObjectStore {
    private final ObjectStore store;
    private final AtomicLong gets = new AtomicLong();
    private final AtomicLong bytes = new AtomicLong();
    private volatile CompletableFuture<Void> gate = CompletableFuture.completedFuture(null);

    CountingStore(final ObjectStore store) {
        this.store = store;
    }

    long gets() {
        return gets.get();
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

    @Override
    public CompletableFuture<Boolean> putIfAbsent(final String key, final MemorySegment body) {
        return store.putIfAbsent(key, body);
    }

    @Override
    public CompletableFuture<Integer> get(final String key, final long offset, final MemorySegment target) {
        gets.incrementAndGet();
        return gate.thenCompose(open -> store.get(key, offset, target)).thenApply(length -> {
            bytes.addAndGet(length);
            return length;
        });
    }

    @Override
    public CompletableFuture<List<StoredObject>> list(final String prefix) {
        return store.list(prefix);
    }

    @Override
    public CompletableFuture<Void> delete(final String key) {
        return store.delete(key);
    }

    @Override
    public String url() {
        return store.url();
    }

    @Override
    public void close() {
        store.close();
    }
}

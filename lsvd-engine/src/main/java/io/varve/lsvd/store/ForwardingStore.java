package io.varve.lsvd.store;

import io.varve.lsvd.crypto.KeyWrapper;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;

/**
 * A store that passes everything on to another one. What wraps a store extends this, and so passes on what it does not
 * know of as well.
 */
public abstract class ForwardingStore implements ObjectStore {
    private final ObjectStore store;

    /** Makes one in front of a store, which it closes. */
    protected ForwardingStore(final ObjectStore store) {
        this.store = Objects.requireNonNull(store);
    }

    /** The store behind it. */
    protected final ObjectStore store() {
        return store;
    }

    @Override
    public CompletableFuture<Boolean> putIfAbsent(final String key, final MemorySegment body) {
        return store.putIfAbsent(key, body);
    }

    @Override
    public CompletableFuture<Integer> get(final String key, final long offset, final MemorySegment target) {
        return store.get(key, offset, target);
    }

    @Override
    public CompletableFuture<List<StoredObject>> list(final String prefix, final String after, final int limit) {
        return store.list(prefix, after, limit);
    }

    @Override
    public CompletableFuture<Void> delete(final String key) {
        return store.delete(key);
    }

    @Override
    public CompletableFuture<Void> confirm(final String prefix) {
        return store.confirm(prefix);
    }

    @Override
    public CompletableFuture<String> keptAfterDeletion() {
        return store.keptAfterDeletion();
    }

    @Override
    public long repeatedAttempts() {
        return store.repeatedAttempts();
    }

    @Override
    public KeyWrapper keyWrapper() {
        return store.keyWrapper();
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

package io.varve.lsvd;

import io.varve.lsvd.store.ObjectStore;
import io.varve.lsvd.store.StoreException;
import io.varve.lsvd.store.StoredObject;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** A store that can be sent away: every operation fails then; or that takes nothing for a while, and can be read. */
final class FlakyStore implements ObjectStore {
    private final ObjectStore store;
    private volatile boolean isAway;
    private volatile boolean isWritable = true;

    FlakyStore(final ObjectStore store) {
        this.store = store;
    }

    void away(final boolean value) {
        isAway = value;
    }

    void writable(final boolean value) {
        isWritable = value;
    }

    @Override
    public CompletableFuture<Boolean> putIfAbsent(final String key, final MemorySegment body) {
        return isAway || !isWritable ? failed() : store.putIfAbsent(key, body);
    }

    @Override
    public CompletableFuture<Integer> get(final String key, final long offset, final MemorySegment target) {
        return isAway ? failed() : store.get(key, offset, target);
    }

    @Override
    public CompletableFuture<List<StoredObject>> list(final String prefix) {
        return isAway ? failed() : store.list(prefix);
    }

    @Override
    public CompletableFuture<Void> delete(final String key) {
        return isAway ? failed() : store.delete(key);
    }

    @Override
    public String url() {
        return store.url();
    }

    @Override
    public void close() {
        store.close();
    }

    private static <T> CompletableFuture<T> failed() {
        return CompletableFuture.failedFuture(new StoreException("the store is away"));
    }
}

package io.varve.lsvd;

import io.varve.lsvd.store.ForwardingStore;
import io.varve.lsvd.store.ObjectStore;
import io.varve.lsvd.store.StoreException;
import io.varve.lsvd.store.StoredObject;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** A store that can be sent away: every operation fails then; or that takes nothing for a while, and can be read. */
final class FlakyStore extends ForwardingStore {
    private volatile boolean isAway;
    private volatile boolean isWritable = true;

    FlakyStore(final ObjectStore store) {
        super(store);
    }

    void away(final boolean value) {
        isAway = value;
    }

    void writable(final boolean value) {
        isWritable = value;
    }

    @Override
    public CompletableFuture<Boolean> putIfAbsent(final String key, final MemorySegment body) {
        return isAway || !isWritable ? failed() : store().putIfAbsent(key, body);
    }

    @Override
    public CompletableFuture<Integer> get(final String key, final long offset, final MemorySegment target) {
        return isAway ? failed() : store().get(key, offset, target);
    }

    @Override
    public CompletableFuture<List<StoredObject>> list(final String prefix, final String after, final int limit) {
        return isAway ? failed() : store().list(prefix, after, limit);
    }

    @Override
    public CompletableFuture<Void> delete(final String key) {
        return isAway ? failed() : store().delete(key);
    }

    private static <T> CompletableFuture<T> failed() {
        return CompletableFuture.failedFuture(new StoreException("the store is away"));
    }
}

package io.varve.launcher.cli;

import io.varve.lsvd.store.NoSuchObjectException;
import io.varve.lsvd.store.ObjectStore;
import io.varve.lsvd.store.StoreException;
import io.varve.lsvd.store.StoredObject;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** The default store before anything has been created in it: empty, and left so. */
final class AbsentStore implements ObjectStore {
    private final String url;

    AbsentStore(final String url) {
        this.url = url;
    }

    @Override
    public CompletableFuture<Boolean> putIfAbsent(final String key, final MemorySegment body) {
        return CompletableFuture.failedFuture(new StoreException("store " + url + " does not exist"));
    }

    @Override
    public CompletableFuture<Integer> get(final String key, final long offset, final MemorySegment target) {
        return CompletableFuture.failedFuture(new NoSuchObjectException(key));
    }

    @Override
    public CompletableFuture<List<StoredObject>> list(final String prefix) {
        return CompletableFuture.completedFuture(List.of());
    }

    @Override
    public CompletableFuture<Void> delete(final String key) {
        return CompletableFuture.completedFuture(null);
    }

    @Override
    public String url() {
        return url;
    }

    @Override
    public void close() {}
}

package io.varve.lsvd;

import io.varve.lsvd.store.ForwardingStore;
import io.varve.lsvd.store.ObjectStore;
import io.varve.lsvd.store.StoreException;
import io.varve.lsvd.store.StoredObject;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongPredicate;
import java.util.function.Supplier;

/** A store whose user dies at some request: that one and all later ones are not carried out. */
final class CutShortStore extends ForwardingStore {
    private final LongPredicate isCut;
    private long count;

    /**
     * Makes one.
     *
     * @param isCut whether requests fail from the one with this number on, the first being 1.
     */
    CutShortStore(final ObjectStore store, final LongPredicate isCut) {
        super(store);
        this.isCut = isCut;
    }

    private <T> CompletableFuture<T> request(final Supplier<CompletableFuture<T>> work) {
        if (isCut.test(++count)) {
            return CompletableFuture.failedFuture(new StoreException("cut short"));
        }
        final CompletableFuture<T> future = work.get();
        future.exceptionally(e -> null).join();
        return future;
    }

    @Override
    public CompletableFuture<Boolean> putIfAbsent(final String key, final MemorySegment body) {
        return request(() -> store().putIfAbsent(key, body));
    }

    @Override
    public CompletableFuture<Integer> get(final String key, final long offset, final MemorySegment target) {
        return request(() -> store().get(key, offset, target));
    }

    @Override
    public CompletableFuture<List<StoredObject>> list(final String prefix, final String after, final int limit) {
        return request(() -> store().list(prefix, after, limit));
    }

    @Override
    public CompletableFuture<Void> delete(final String key) {
        return request(() -> store().delete(key));
    }
}

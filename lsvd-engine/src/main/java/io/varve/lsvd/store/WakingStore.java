package io.varve.lsvd.store;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** A store whose answers wake whoever polls for them. */
public final class WakingStore extends ForwardingStore {
    private volatile Runnable wake = () -> {};

    /** Makes one that wakes nobody yet. */
    public WakingStore(final ObjectStore store) {
        super(store);
    }

    /** From now on, answers wake somebody; from any thread. */
    public void onAnswer(final Runnable value) {
        wake = value;
    }

    @Override
    public CompletableFuture<Boolean> putIfAbsent(final String key, final MemorySegment body) {
        return waking(store().putIfAbsent(key, body));
    }

    @Override
    public CompletableFuture<Integer> get(final String key, final long offset, final MemorySegment target) {
        return waking(store().get(key, offset, target));
    }

    @Override
    public CompletableFuture<List<StoredObject>> list(final String prefix, final String after, final int limit) {
        return waking(store().list(prefix, after, limit));
    }

    @Override
    public CompletableFuture<Void> delete(final String key) {
        return waking(store().delete(key));
    }

    @Override
    public CompletableFuture<Void> confirm(final String prefix) {
        return waking(store().confirm(prefix));
    }

    private <T> CompletableFuture<T> waking(final CompletableFuture<T> future) {
        future.whenComplete((answer, error) -> wake.run());
        return future;
    }
}

package io.varve.launcher.volume;

import io.varve.lsvd.store.ObjectStore;
import io.varve.lsvd.store.StoredObject;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A store that knows which creations are under way, so that what is removed is not made again behind one's back. */
final class SettlingStore implements ObjectStore {
    private final ObjectStore store;
    private final Set<CompletableFuture<Boolean>> underWay = ConcurrentHashMap.newKeySet();

    SettlingStore(final ObjectStore store) {
        this.store = store;
    }

    /** Waits until no creation is under way, or a time is over. */
    void awaitSettled(final long timeoutMs) {
        try {
            CompletableFuture.allOf(underWay.toArray(CompletableFuture[]::new)).get(timeoutMs, TimeUnit.MILLISECONDS);
        } catch (final ExecutionException | TimeoutException e) {
            // One that has failed may still be carried out; more can't be known.
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public CompletableFuture<Boolean> putIfAbsent(final String key, final MemorySegment body) {
        final CompletableFuture<Boolean> creation = store.putIfAbsent(key, body);
        underWay.add(creation);
        creation.whenComplete((created, error) -> underWay.remove(creation));
        return creation;
    }

    @Override
    public CompletableFuture<Integer> get(final String key, final long offset, final MemorySegment target) {
        return store.get(key, offset, target);
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
    public long repeatedAttempts() {
        return store.repeatedAttempts();
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

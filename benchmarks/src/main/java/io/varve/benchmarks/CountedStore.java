package io.varve.benchmarks;

import io.varve.lsvd.store.ObjectStore;
import io.varve.lsvd.store.StoredObject;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/** Counts every object that is put and deleted, of whatever kind, so that nothing in the store is forgotten. Any thread. */
final class CountedStore implements ObjectStore {
    private final ObjectStore store;
    private final Map<String, Long> lengths = new HashMap<>();
    private Figures figures = new Figures(0, 0, 0, 0);

    /**
     * What has been counted.
     *
     * @param puts        objects put.
     * @param bytesPut    their bytes.
     * @param bytes       in the store now.
     * @param mostBytes   in the store at any time so far.
     */
    record Figures(long puts, long bytesPut, long bytes, long mostBytes) {}

    CountedStore(final ObjectStore store) {
        this.store = store;
    }

    synchronized Figures figures() {
        return figures;
    }

    @Override
    public CompletableFuture<Boolean> putIfAbsent(final String key, final MemorySegment body) {
        final long length = body.byteSize();
        return store.putIfAbsent(key, body).thenApply(isNew -> {
            if (isNew) {
                onPut(key, length);
            }
            return isNew;
        });
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
        return store.delete(key).thenRun(() -> onDeleted(key));
    }

    @Override
    public String url() {
        return store.url();
    }

    @Override
    public void close() {
        store.close();
    }

    private synchronized void onPut(final String key, final long length) {
        lengths.put(key, length);
        final long bytes = figures.bytes + length;
        figures = new Figures(figures.puts + 1, figures.bytesPut + length, bytes, Math.max(figures.mostBytes, bytes));
    }

    private synchronized void onDeleted(final String key) {
        final Long length = lengths.remove(key);
        if (length != null) {
            figures = new Figures(figures.puts, figures.bytesPut, figures.bytes - length, figures.mostBytes);
        }
    }
}

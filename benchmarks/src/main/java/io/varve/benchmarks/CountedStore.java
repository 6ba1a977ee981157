package io.varve.benchmarks;

import io.varve.lsvd.store.ForwardingStore;
import io.varve.lsvd.store.ObjectStore;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/** Counts every object that is put and deleted, of whatever kind, so that nothing in the store is forgotten. Any thread. */
final class CountedStore extends ForwardingStore {
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
        super(store);
    }

    synchronized Figures figures() {
        return figures;
    }

    @Override
    public CompletableFuture<Boolean> putIfAbsent(final String key, final MemorySegment body) {
        final long length = body.byteSize();
        return store().putIfAbsent(key, body).thenApply(isNew -> {
            if (isNew) {
                onPut(key, length);
            }
            return isNew;
        });
    }

    @Override
    public CompletableFuture<Void> delete(final String key) {
        return store().delete(key).thenRun(() -> onDeleted(key));
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

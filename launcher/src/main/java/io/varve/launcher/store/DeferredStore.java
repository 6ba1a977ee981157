package io.varve.launcher.store;

import io.varve.lsvd.store.DirectoryStore;
import io.varve.lsvd.store.NoSuchObjectException;
import io.varve.lsvd.store.ObjectStore;
import io.varve.lsvd.store.StoreException;
import io.varve.lsvd.store.StoredObject;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * A directory store that does not exist yet: an empty store, whose directory is made for its first object. So a command that
 * is refused, or that only reads, leaves no directory behind.
 */
final class DeferredStore implements ObjectStore {
    private final Path directory;
    private final String url;
    private ObjectStore made;

    DeferredStore(final Path directory, final String url) {
        this.directory = directory;
        this.url = url;
    }

    @Override
    public synchronized CompletableFuture<Boolean> putIfAbsent(final String key, final MemorySegment body) {
        if (made == null) {
            try {
                made = DirectoryStore.open(directory, true);
            } catch (final StoreException e) {
                return CompletableFuture.failedFuture(e);
            }
        }
        return made.putIfAbsent(key, body);
    }

    @Override
    public synchronized CompletableFuture<Integer> get(
            final String key, final long offset, final MemorySegment target) {
        return made == null
                ? CompletableFuture.failedFuture(new NoSuchObjectException(key))
                : made.get(key, offset, target);
    }

    @Override
    public synchronized CompletableFuture<List<StoredObject>> list(
            final String prefix, final String after, final int limit) {
        return made == null ? CompletableFuture.completedFuture(List.of()) : made.list(prefix, after, limit);
    }

    @Override
    public synchronized CompletableFuture<Void> delete(final String key) {
        return made == null ? CompletableFuture.completedFuture(null) : made.delete(key);
    }

    @Override
    public synchronized CompletableFuture<Void> confirm(final String prefix) {
        return made == null ? CompletableFuture.completedFuture(null) : made.confirm(prefix);
    }

    @Override
    public String url() {
        return url;
    }

    @Override
    public synchronized void close() {
        if (made != null) {
            made.close();
        }
    }
}

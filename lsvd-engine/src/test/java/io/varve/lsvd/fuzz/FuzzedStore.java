package io.varve.lsvd.fuzz;

import io.varve.lsvd.store.NoSuchObjectException;
import io.varve.lsvd.store.ObjectStore;
import io.varve.lsvd.store.StoredObject;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;

/** Objects in memory, with any contents; answers at once. */
final class FuzzedStore implements ObjectStore {
    private final TreeMap<String, byte[]> objects = new TreeMap<>();

    void put(final String key, final byte[] body) {
        objects.put(key, body);
    }

    @Override
    public CompletableFuture<Boolean> putIfAbsent(final String key, final MemorySegment body) {
        return CompletableFuture.completedFuture(objects.putIfAbsent(key, body.toArray(ValueLayout.JAVA_BYTE)) == null);
    }

    @Override
    public CompletableFuture<Integer> get(final String key, final long offset, final MemorySegment target) {
        final byte[] body = objects.get(key);
        if (body == null) {
            return CompletableFuture.failedFuture(new NoSuchObjectException(key));
        }
        final int length = (int) Math.max(0, Math.min(target.byteSize(), body.length - offset));
        MemorySegment.copy(body, (int) Math.min(offset, body.length), target, ValueLayout.JAVA_BYTE, 0, length);
        return CompletableFuture.completedFuture(length);
    }

    @Override
    public CompletableFuture<List<StoredObject>> list(final String prefix, final String after, final int limit) {
        return CompletableFuture.completedFuture(objects.tailMap(prefix).entrySet().stream()
                .takeWhile(entry -> entry.getKey().startsWith(prefix))
                .filter(entry -> entry.getKey().compareTo(after) > 0)
                .limit(limit)
                .map(entry -> new StoredObject(entry.getKey(), entry.getValue().length))
                .toList());
    }

    @Override
    public CompletableFuture<Void> delete(final String key) {
        objects.remove(key);
        return CompletableFuture.completedFuture(null);
    }

    @Override
    public String url() {
        return "memory";
    }

    @Override
    public void close() {
        objects.clear();
    }
}

package io.varve.launcher.volume;

import io.varve.lsvd.store.ForwardingStore;
import io.varve.lsvd.store.ObjectStore;
import java.lang.foreign.MemorySegment;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A store that knows which creations are under way, so that what is removed is not made again behind one's back. */
final class SettlingStore extends ForwardingStore {
    private final Set<CompletableFuture<Boolean>> underWay = ConcurrentHashMap.newKeySet();

    SettlingStore(final ObjectStore store) {
        super(store);
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
        final CompletableFuture<Boolean> creation = store().putIfAbsent(key, body);
        underWay.add(creation);
        creation.whenComplete((created, error) -> underWay.remove(creation));
        return creation;
    }
}

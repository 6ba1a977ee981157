package io.varve.lsvd.store;

import java.lang.foreign.MemorySegment;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;

/**
 * A store that loses with the power what nobody was told of, unless it was confirmed: what those created who died before they had
 * an answer. Strict: an answer is one of its own object alone.
 */
public final class UnsyncedStore extends ForwardingStore {
    private final Set<String> unsynced = ConcurrentHashMap.newKeySet();
    private volatile Predicate<String> unanswered = key -> false;
    private volatile boolean isGivenUp;

    /** Makes one in front of a store, which stays its owner's. */
    public UnsyncedStore(final ObjectStore store) {
        super(store);
    }

    /** From now on, creations of such keys are carried out and never answered. */
    public void neverAnswer(final Predicate<String> keys) {
        unanswered = keys;
    }

    /** As {@link #neverAnswer}, where whoever asks gives up waiting at once. */
    public void giveUp(final Predicate<String> keys) {
        isGivenUp = true;
        unanswered = keys;
    }

    /** Whether there is something that a loss of power would take. */
    public boolean isUnsynced() {
        return !unsynced.isEmpty();
    }

    /** Loses power. */
    public void losePower() {
        unsynced.forEach(key -> store().delete(key).join());
        unsynced.clear();
        unanswered = key -> false;
    }

    @Override
    public CompletableFuture<Boolean> putIfAbsent(final String key, final MemorySegment body) {
        final CompletableFuture<Boolean> creation = store().putIfAbsent(key, body);
        if (!unanswered.test(key)) {
            return creation.whenComplete((isCreated, error) -> unsynced.remove(key));
        }
        if (creation.join()) {
            unsynced.add(key);
        }
        return isGivenUp
                ? CompletableFuture.failedFuture(new StoreException(key + ": the store did not answer"))
                : new CompletableFuture<>();
    }

    @Override
    public CompletableFuture<Void> confirm(final String prefix) {
        unsynced.removeIf(key -> key.lastIndexOf('/') + 1 == prefix.length() && key.startsWith(prefix));
        return store().confirm(prefix);
    }

    @Override
    public void close() {
        // The store is its owner's.
    }
}

package io.varve.lsvd.store;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A store for callers that wait: opening, administration and checkpoints, never the reactor. How to wait is given from
 * outside, so that a simulator can go on with its world meanwhile.
 */
public final class StoreClient {
    /** Waits for a future. */
    @FunctionalInterface
    public interface Waiter {
        /** Returns when the future is done, however; or throws {@link StoreException} when that takes too long. */
        void await(CompletableFuture<?> future, String what) throws StoreException;
    }

    private final ObjectStore store;
    private final Waiter waiter;

    /** Makes a client that blocks its thread for at most so many milliseconds an operation. */
    public StoreClient(final ObjectStore store, final long timeoutMs) {
        this(store, (future, what) -> block(future, what, timeoutMs));
    }

    /** Makes a client with another way to wait. */
    public StoreClient(final ObjectStore store, final Waiter waiter) {
        this.store = store;
        this.waiter = waiter;
    }

    /** The store itself. */
    public ObjectStore store() {
        return store;
    }

    /** As {@link ObjectStore#putIfAbsent}. */
    public boolean putIfAbsent(final String key, final MemorySegment body) throws StoreException {
        return await(store.putIfAbsent(key, body), "creating " + key);
    }

    /** As {@link ObjectStore#get}. */
    public int get(final String key, final long offset, final MemorySegment target) throws StoreException {
        return await(store.get(key, offset, target), "reading " + key);
    }

    /** Reads an object of at most so many bytes, into memory of the automatic arena. */
    public MemorySegment getWhole(final String key, final int maxLength) throws StoreException {
        final MemorySegment target = Arena.ofAuto().allocate(maxLength, Long.BYTES);
        return target.asSlice(0, get(key, 0, target));
    }

    /** As {@link ObjectStore#list}. */
    public List<StoredObject> list(final String prefix) throws StoreException {
        return await(store.list(prefix), "listing " + prefix);
    }

    /** As {@link ObjectStore#delete}. */
    public void delete(final String key) throws StoreException {
        await(store.delete(key), "deleting " + key);
    }

    private <T> T await(final CompletableFuture<T> future, final String what) throws StoreException {
        waiter.await(future, what);
        try {
            return future.get();
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StoreException(what + " was interrupted", e);
        } catch (final ExecutionException e) {
            if (e.getCause() instanceof StoreException known) {
                throw known;
            }
            throw new StoreException(what + " failed: " + e.getCause(), e.getCause());
        }
    }

    private static void block(final CompletableFuture<?> future, final String what, final long timeoutMs)
            throws StoreException {
        try {
            future.get(timeoutMs, TimeUnit.MILLISECONDS);
        } catch (final TimeoutException e) {
            throw new StoreException(what + ": the store did not answer within " + timeoutMs + " ms", e);
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StoreException(what + " was interrupted", e);
        } catch (final ExecutionException e) {
            // The caller asks the future itself.
            return;
        }
    }
}

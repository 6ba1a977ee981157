package io.varve.lsvd.destage;

import io.varve.lsvd.format.ObjectHeader;
import io.varve.lsvd.store.ObjectStore;
import io.varve.lsvd.stored.ObjectLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.LongSupplier;

/** One object on its way into the store: tried again until it is there, or turns out to be someone else's. */
final class Upload {
    private static final long RETRY_MIN_NS = 50_000_000L;
    private static final long RETRY_MAX_NS = 5_000_000_000L;

    private final ObjectStore store;
    private final String key;
    private final long sequence;
    private final ObjectLayout layout;
    private final MemorySegment bytes;
    private final LongSupplier clockNs;
    private final Random jitter;
    private final Listener listener;
    private CompletableFuture<Boolean> put;
    private CompletableFuture<Integer> comparison;
    private MemorySegment found;
    private boolean isStored;
    private long sentNs;
    private long createdNs;
    private long retryAtNs;
    private long backOffNs = RETRY_MIN_NS;

    /** Is told what happens. */
    interface Listener {
        /** An object is in the store. */
        void onStored();

        /** The store did not take an object; it is tried again. */
        void onTrouble(String what);

        /** Another writer's object stands in its place. */
        void onForeign(String key);
    }

    /** @param layout what is in it; null for a checkpoint or a seal. */
    Upload(
            final ObjectStore store,
            final String key,
            final long sequence,
            final ObjectLayout layout,
            final MemorySegment bytes,
            final LongSupplier clockNs,
            final Random jitter,
            final Listener listener) {
        this.store = store;
        this.key = key;
        this.sequence = sequence;
        this.layout = layout;
        this.bytes = bytes;
        this.clockNs = clockNs;
        this.jitter = jitter;
        this.listener = listener;
        createdNs = clockNs.getAsLong();
    }

    long sequence() {
        return sequence;
    }

    ObjectLayout layout() {
        return layout;
    }

    MemorySegment bytes() {
        return bytes;
    }

    boolean isStored() {
        return isStored;
    }

    /** When it was certainly not in the store yet. */
    long createdNs() {
        return createdNs;
    }

    /** Is done when the store does not read the object any more: until it is tried again. */
    CompletableFuture<?> answer() {
        return put == null ? CompletableFuture.completedFuture(null) : put;
    }

    void put() {
        comparison = null;
        sentNs = clockNs.getAsLong();
        put = store.putIfAbsent(key, bytes);
    }

    int advance() {
        if (isStored) {
            return 0;
        }
        if (put == null) {
            if (clockNs.getAsLong() - retryAtNs < 0) {
                return 0;
            }
            put();
            return 1;
        }
        if (comparison != null) {
            return comparison.isDone() ? compare() : 0;
        }
        if (!put.isDone()) {
            return 0;
        }
        try {
            if (put.get()) {
                createdNs = sentNs;
                stored();
            } else {
                final long length = new ObjectHeader(bytes).headerLength();
                found = Arena.ofAuto().allocate(length, Long.BYTES);
                comparison = store.get(key, 0, found);
            }
        } catch (final ExecutionException e) {
            retry(e.getCause());
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return 1;
    }

    private int compare() {
        try {
            final int length = comparison.get();
            final MemorySegment own = bytes.asSlice(0, found.byteSize());
            if (length == found.byteSize() && own.mismatch(found) < 0) {
                stored();
            } else {
                listener.onForeign(key);
            }
        } catch (final ExecutionException e) {
            retry(e.getCause());
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return 1;
    }

    private void stored() {
        isStored = true;
        listener.onStored();
    }

    private void retry(final Throwable cause) {
        listener.onTrouble(cause.getMessage());
        put = null;
        comparison = null;
        retryAtNs = clockNs.getAsLong() + backOffNs + (long) (jitter.nextDouble() * backOffNs);
        backOffNs = Math.min(RETRY_MAX_NS, backOffNs * 2);
    }
}

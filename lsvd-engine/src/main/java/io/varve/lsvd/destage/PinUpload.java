package io.varve.lsvd.destage;

import io.varve.lsvd.format.SnapshotRecord;
import io.varve.lsvd.store.Keys;
import io.varve.lsvd.store.ObjectStore;
import io.varve.lsvd.stored.ObjectLayout;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.LongSupplier;

/**
 * A snapshot on its way into the store: first the checkpoint that is it, then the pin that keeps it. Until the pin is there
 * nothing is sequenced behind the checkpoint; so whoever finds that checkpoint at the end of a history makes sure of its pin.
 */
final class PinUpload {
    private static final long RETRY_NS = 200_000_000L;

    private final ObjectStore store;
    private final String key;
    private final SnapshotRecord snapshot;
    private final ObjectLayout layout;
    private final LongSupplier clockNs;
    private CompletableFuture<Boolean> put;
    private boolean isDue;
    private long retryAtNs;

    /** @param layout an object without extents, that covers the note in the log. */
    PinUpload(
            final ObjectStore store,
            final UUID volume,
            final SnapshotRecord snapshot,
            final ObjectLayout layout,
            final LongSupplier clockNs) {
        this.store = store;
        this.key = Keys.pin(volume, layout.sequence(), 1);
        this.snapshot = snapshot;
        this.layout = layout;
        this.clockNs = clockNs;
    }

    ObjectLayout layout() {
        return layout;
    }

    /** The checkpoint is in the store. */
    void onCheckpointStored() {
        isDue = true;
        retryAtNs = clockNs.getAsLong();
    }

    /** Goes on; whether the pin is there. */
    boolean advance() {
        if (!isDue) {
            return false;
        }
        if (put == null) {
            if (clockNs.getAsLong() - retryAtNs >= 0) {
                put = store.putIfAbsent(key, snapshot.encode());
            }
            return false;
        }
        if (!put.isDone()) {
            return false;
        }
        try {
            // Whoever else has made it has made it of the same checkpoint.
            put.get();
            return true;
        } catch (final ExecutionException e) {
            put = null;
            retryAtNs = clockNs.getAsLong() + RETRY_NS;
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return false;
    }
}

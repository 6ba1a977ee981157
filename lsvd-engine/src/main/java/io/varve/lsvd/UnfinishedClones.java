package io.varve.lsvd;

import io.varve.lsvd.format.CloneRecord;
import io.varve.lsvd.format.NameRecord;
import io.varve.lsvd.runtime.EngineRuntime;
import io.varve.lsvd.snapshot.Snapshots;
import io.varve.lsvd.store.Keys;
import io.varve.lsvd.store.StoreClient;
import java.io.IOException;
import java.util.List;
import java.util.UUID;

/**
 * Clones whose making was broken off between their mark at the ancestors and the claim of their name. Whoever is in the way of one
 * takes that version of the name himself, as released: then that clone never comes to be, and its mark can go. One that is being made
 * at that moment finds its name taken.
 */
final class UnfinishedClones {
    private final StoreClient store;
    private final EngineRuntime runtime;

    UnfinishedClones(final StoreClient store, final EngineRuntime runtime) {
        this.store = store;
        this.runtime = runtime;
    }

    /** Removes those of a volume. */
    void remove(final UUID volume) throws IOException, VolumeException {
        for (final List<CloneRecord> clones :
                new Snapshots(store, volume).clones().values()) {
            for (final CloneRecord clone : clones) {
                if (!isMade(clone)) {
                    new VolumeRemover(store, runtime, clone.volume()).deleteData(RemovalListener.NONE);
                    new Snapshots(store, clone.origin().volume()).removeClone(clone.origin(), clone.volume());
                }
            }
        }
    }

    private boolean isMade(final CloneRecord clone) throws IOException {
        final String key = Keys.nameVersion(clone.name(), clone.version());
        return !store.putIfAbsent(key, NameRecord.release(clone.volume()).encode())
                && NameRecord.decode(key, store.getWhole(key, NameRecord.MAX_LENGTH))
                        .equals(NameRecord.claim(clone.volume()));
    }
}

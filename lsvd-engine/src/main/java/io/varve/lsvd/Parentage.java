package io.varve.lsvd;

import io.varve.lsvd.format.CloneRecord;
import io.varve.lsvd.format.EpochRecord;
import io.varve.lsvd.history.HistoryReader;
import io.varve.lsvd.snapshot.Snapshot;
import io.varve.lsvd.snapshot.Snapshots;
import io.varve.lsvd.store.StoreClient;
import java.io.IOException;
import java.util.List;
import java.util.UUID;

/** Finds out what a volume is a clone of. */
final class Parentage {
    private final StoreClient store;
    private final VolumeNames names;

    Parentage(final StoreClient store, final VolumeNames names) {
        this.store = store;
        this.names = names;
    }

    /** The snapshot that a volume shares data with as its clone, as VOLUME@SNAPSHOT; null for none. */
    String of(final UUID volume) throws IOException {
        final EpochRecord.Origin origin =
                new HistoryReader(store, volume).newestEpoch().origin();
        if (origin == null) {
            return null;
        }
        final Snapshots snapshots = new Snapshots(store, origin.volume());
        final boolean isClone = snapshots.clones().getOrDefault(origin.sequence(), List.<CloneRecord>of()).stream()
                .anyMatch(clone -> clone.volume().equals(volume));
        if (!isClone) {
            return null;
        }
        for (final Snapshot snapshot : snapshots.list()) {
            if (snapshot.checkpoint() == origin.sequence()) {
                return nameOf(origin.volume()) + "@" + snapshot.name();
            }
        }
        return nameOf(origin.volume());
    }

    /** Its name, or its identity when it has none any more. */
    private String nameOf(final UUID volume) throws IOException {
        final String name = names.nameOf(volume);
        return name == null ? volume.toString() : name;
    }
}

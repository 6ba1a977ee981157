package io.varve.launcher.volume;

import io.varve.lsvd.VolumeCatalog;
import io.varve.lsvd.VolumeException;
import io.varve.lsvd.VolumeInfo;
import io.varve.lsvd.history.History;
import io.varve.lsvd.history.HistoryReader;
import io.varve.lsvd.snapshot.Snapshot;
import io.varve.lsvd.store.StoreClient;
import io.varve.lsvd.transfer.VolumeState;
import java.io.IOException;

/** A state of a volume as the store holds it, to read, with the history that holds its memory. */
public record StoredState(VolumeState state, History history) implements AutoCloseable {
    /**
     * Reads what the store holds now.
     *
     * @throws IOException when the store can't be read.
     */
    public static StoredState now(final StoreClient client, final VolumeInfo info) throws IOException {
        final History history = new HistoryReader(client, info.uuid()).read();
        return new StoredState(VolumeState.of(info.name(), info.uuid(), history, info.sizeBytes()), history);
    }

    /**
     * Reads a snapshot.
     *
     * @param snapshot its name, without the volume's.
     * @throws VolumeException when there is none.
     * @throws IOException     when the store can't be read.
     */
    public static StoredState of(
            final VolumeCatalog catalog, final StoreClient client, final VolumeInfo info, final String snapshot)
            throws VolumeException, IOException {
        final Snapshot found = catalog.snapshot(info.name(), SnapshotName.check(snapshot));
        final History history = new HistoryReader(client, info.uuid())
                .readSnapshot(found.record().epoch(), found.checkpoint());
        return new StoredState(
                VolumeState.of(
                        info.name() + "@" + snapshot,
                        info.uuid(),
                        history,
                        found.record().sizeBytes()),
                history);
    }

    @Override
    public void close() {
        history.close();
    }
}

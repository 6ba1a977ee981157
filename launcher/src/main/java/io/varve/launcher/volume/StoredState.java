package io.varve.launcher.volume;

import io.varve.lsvd.VolumeCatalog;
import io.varve.lsvd.VolumeException;
import io.varve.lsvd.VolumeInfo;
import io.varve.lsvd.VolumeKeyring;
import io.varve.lsvd.crypto.VolumeKeys;
import io.varve.lsvd.history.History;
import io.varve.lsvd.history.HistoryReader;
import io.varve.lsvd.snapshot.Snapshot;
import io.varve.lsvd.store.StoreClient;
import io.varve.lsvd.transfer.VolumeState;
import java.io.IOException;

/**
 * A state of a volume as the store holds it, to read.
 *
 * @param client  reads the volume's objects.
 * @param history holds the state's memory.
 */
public record StoredState(VolumeState state, StoreClient client, History history) implements AutoCloseable {
    /**
     * Reads what the store holds now.
     *
     * @throws VolumeException when the volume is encrypted, and its key is missing or wrong.
     * @throws IOException     when the store can't be read.
     */
    public static StoredState now(final StoreClient client, final VolumeInfo info) throws VolumeException, IOException {
        return open(client, info, keyed -> {
            final History history = new HistoryReader(keyed, info.uuid()).read();
            return new StoredState(VolumeState.of(info.name(), info.uuid(), history, info.sizeBytes()), keyed, history);
        });
    }

    /** Reads something by a client that has the volume's keys. */
    @FunctionalInterface
    private interface Reading {
        StoredState by(StoreClient client) throws IOException;
    }

    private static StoredState open(final StoreClient client, final VolumeInfo info, final Reading reading)
            throws VolumeException, IOException {
        final VolumeKeys keys = new VolumeKeyring(client).open(info.uuid(), info.name());
        try {
            return reading.by(client.withKeys(keys));
        } catch (final IOException | RuntimeException e) {
            keys.close();
            throw e;
        }
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
        return open(client, info, keyed -> {
            final History history = new HistoryReader(keyed, info.uuid())
                    .readSnapshot(found.record().epoch(), found.checkpoint());
            return new StoredState(
                    VolumeState.of(
                            info.name() + "@" + snapshot,
                            info.uuid(),
                            history,
                            found.record().sizeBytes()),
                    keyed,
                    history);
        });
    }

    @Override
    public void close() {
        history.close();
        client.keys().close();
    }
}

package io.varve.launcher.volume;

import io.varve.launcher.image.ImageFormat;
import io.varve.lsvd.VolumeCatalog;
import io.varve.lsvd.VolumeException;
import io.varve.lsvd.VolumeInfo;
import io.varve.lsvd.runtime.EngineRuntime;
import io.varve.lsvd.runtime.SystemRuntime;
import io.varve.lsvd.scan.Cancellation;
import io.varve.lsvd.store.ObjectStore;
import io.varve.lsvd.store.StoreClient;
import io.varve.lsvd.transfer.DifferenceExport;
import io.varve.lsvd.transfer.SparseOutput;
import io.varve.lsvd.transfer.VolumeExport;
import java.io.IOException;

/** Copies volumes, snapshots and differences out of a store, as it holds them now. */
public final class VolumeExporter {
    private final EngineRuntime runtime = new SystemRuntime();
    private final StoreClient client;
    private final VolumeCatalog catalog;
    private final Cancellation cancellation;
    private final VolumeExport.Listener listener;

    /**
     * An exporter.
     *
     * @param store left open.
     */
    public VolumeExporter(
            final ObjectStore store, final Cancellation cancellation, final VolumeExport.Listener listener) {
        client = new StoreClient(store, runtime, StoreClient.DEFAULT_TIMEOUT_MS);
        catalog = new VolumeCatalog(store);
        this.cancellation = cancellation;
        this.listener = listener;
    }

    /** Where it is written, once it is known that there is something to write. */
    @FunctionalInterface
    public interface Target {
        /** Has it written to an output. */
        void write(Content content) throws IOException;
    }

    /** What is written. */
    @FunctionalInterface
    public interface Content {
        /** Writes it. */
        void writeTo(SparseOutput output) throws IOException;
    }

    /**
     * Exports a volume or snapshot.
     *
     * @param snapshot null for what the store holds now.
     * @param form     raw or qcow2.
     * @return bytes of data.
     */
    public long export(final VolumeInfo info, final String snapshot, final ImageFormat form, final Target target)
            throws VolumeException, IOException {
        try (StoredState stored = open(info, snapshot)) {
            final VolumeExport export =
                    new VolumeExport(stored.client(), runtime, stored.state(), cancellation, listener);
            final VolumeExport.Format format =
                    form == ImageFormat.QCOW2 ? VolumeExport.Format.QCOW2 : VolumeExport.Format.RAW;
            target.write(output -> export.write(format, output));
            return export.totalBytes();
        }
    }

    /**
     * Exports what has changed.
     *
     * @param from the snapshot that it is a difference to.
     * @param to   null for what the store holds now.
     * @return bytes of data.
     */
    public long exportDifference(final VolumeInfo info, final String from, final String to, final Target target)
            throws VolumeException, IOException {
        try (StoredState newer = open(info, to);
                StoredState older = open(info, from);
                DifferenceExport export =
                        new DifferenceExport(newer.client(), runtime, older.state(), newer.state(), cancellation)) {
            target.write(output -> export.write(output, listener));
            return export.totalBytes();
        }
    }

    private StoredState open(final VolumeInfo info, final String snapshot) throws VolumeException, IOException {
        return snapshot == null ? StoredState.now(client, info) : StoredState.of(catalog, client, info, snapshot);
    }
}

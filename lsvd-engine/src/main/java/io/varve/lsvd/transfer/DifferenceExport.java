package io.varve.lsvd.transfer;

import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.runtime.EngineRuntime;
import io.varve.lsvd.scan.Cancellation;
import io.varve.lsvd.scan.Pace;
import io.varve.lsvd.store.StoreClient;
import java.io.IOException;

/** Writes the difference between two states of a volume. For one thread that may wait. */
public final class DifferenceExport implements AutoCloseable {
    private final StoreClient store;
    private final EngineRuntime runtime;
    private final Pace pace;
    private final Cancellation cancellation;
    private final Difference difference;

    /**
     * Finds out what has changed.
     *
     * @param older its objects must stay until the export has ended, as the newer's.
     */
    public DifferenceExport(
            final StoreClient store,
            final EngineRuntime runtime,
            final VolumeState older,
            final VolumeState newer,
            final Cancellation cancellation)
            throws IOException {
        this.store = store;
        this.runtime = runtime;
        this.cancellation = cancellation;
        pace = new Pace(runtime, 0);
        difference = Difference.between(store, older, newer, pace, cancellation);
    }

    /** How much data there is, in bytes. */
    public long totalBytes() {
        return difference.written().mappedBlocks() << Blocks.SHIFT;
    }

    /** How much is discarded, in bytes. */
    public long discardedBytes() {
        return difference.discarded().mappedBlocks() << Blocks.SHIFT;
    }

    /** Writes the difference. */
    public void write(final SparseOutput output, final VolumeExport.Listener listener) throws IOException {
        final VolumeState older = difference.older();
        final VolumeState newer = difference.newer();
        final DifferenceHeader header = new DifferenceHeader(
                newer.volume(),
                older.sizeBytes(),
                newer.sizeBytes(),
                Fingerprint.of(store, older, pace, cancellation),
                Fingerprint.of(store, newer, pace, cancellation),
                difference.written().mappedBlocks(),
                difference.discarded().mappedBlocks(),
                runtime.currentTimeMillis(),
                older.name(),
                newer.name());
        try (BlockSource source = new BlockSource(store, newer.epochs(), pace, cancellation)) {
            final BlockPump pump = new BlockPump(
                    source, cancellation, blocks -> listener.onProgress(blocks << Blocks.SHIFT, totalBytes()));
            DifferenceWriter.write(header, difference, pump, output);
        }
    }

    @Override
    public void close() {
        difference.close();
    }
}

package io.varve.lsvd.transfer;

import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.history.History;
import io.varve.lsvd.history.HistoryReader;
import io.varve.lsvd.map.ExtentMap;
import io.varve.lsvd.runtime.EngineRuntime;
import io.varve.lsvd.scan.Cancellation;
import io.varve.lsvd.scan.Pace;
import io.varve.lsvd.store.StoreClient;
import java.io.IOException;
import java.util.UUID;

/**
 * Writes a volume as an image, as the store holds it when the export begins. For one thread that may wait.
 *
 * <p>Should whoever has the volume open remove objects meanwhile, that state cannot be read any more, and the export ends with
 * a {@link io.varve.lsvd.store.NoSuchObjectException}.
 */
public final class VolumeExport implements AutoCloseable {
    private final StoreClient store;
    private final long sizeBytes;
    private final History history;
    private final Pace pace;
    private final Cancellation cancellation;
    private final Listener listener;

    /** Forms of images. */
    public enum Format {
        /** Byte for byte. */
        RAW,
        /** QEMU's own. */
        QCOW2
    }

    /** Is told how far the export has come. */
    @FunctionalInterface
    public interface Listener {
        /** So many of all bytes that are to be copied have been. */
        void onProgress(long bytes, long totalBytes);
    }

    /** Reads what the store holds now. */
    public VolumeExport(
            final StoreClient store,
            final EngineRuntime runtime,
            final UUID volume,
            final long sizeBytes,
            final Cancellation cancellation,
            final Listener listener)
            throws IOException {
        this.store = store;
        this.sizeBytes = sizeBytes;
        this.cancellation = cancellation;
        this.listener = listener;
        pace = new Pace(runtime, 0);
        history = new HistoryReader(store, volume).read();
        final long blocks = Blocks.count(sizeBytes);
        history.map().remove(blocks, ExtentMap.MAX_BLOCKS - blocks);
    }

    /** How much there is to copy, in bytes. */
    public long totalBytes() {
        return history.map().mappedBlocks() << Blocks.SHIFT;
    }

    /** Writes the image. */
    public void write(final Format format, final SparseOutput output) throws IOException {
        try (BlockSource source = new BlockSource(store, history.epochs(), pace, cancellation)) {
            final BlockPump pump = new BlockPump(
                    source, cancellation, blocks -> listener.onProgress(blocks << Blocks.SHIFT, totalBytes()));
            switch (format) {
                case RAW -> RawImage.write(history.map(), sizeBytes, pump, output);
                case QCOW2 -> Qcow2Image.write(history.map(), sizeBytes, pump, output);
            }
        }
    }

    @Override
    public void close() {
        history.close();
    }
}

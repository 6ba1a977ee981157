package io.varve.lsvd.transfer;

import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.map.ExtentMap;
import io.varve.lsvd.runtime.EngineRuntime;
import io.varve.lsvd.scan.Cancellation;
import io.varve.lsvd.scan.Pace;
import io.varve.lsvd.store.StoreClient;
import java.io.IOException;

/**
 * Writes a state of a volume as an image. For one thread that may wait.
 *
 * <p>Should whoever has the volume open remove objects of that state meanwhile, it cannot be read any more, and the export ends
 * with a {@link io.varve.lsvd.store.NoSuchObjectException}. Those of a snapshot stay.
 */
public final class VolumeExport {
    private final StoreClient store;
    private final VolumeState state;
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

    /**
     * Makes an export.
     *
     * @param state of which only what lies within its size is written.
     */
    public VolumeExport(
            final StoreClient store,
            final EngineRuntime runtime,
            final VolumeState state,
            final Cancellation cancellation,
            final Listener listener) {
        this.store = store;
        this.state = state;
        this.cancellation = cancellation;
        this.listener = listener;
        pace = new Pace(runtime, 0);
        final long blocks = Blocks.count(state.sizeBytes());
        state.map().remove(blocks, ExtentMap.MAX_BLOCKS - blocks);
    }

    /** How much there is to copy, in bytes. */
    public long totalBytes() {
        return state.map().mappedBlocks() << Blocks.SHIFT;
    }

    /** Writes the image. */
    public void write(final Format format, final SparseOutput output) throws IOException {
        try (BlockSource source = new BlockSource(store, state.epochs(), pace, cancellation)) {
            final BlockPump pump = new BlockPump(
                    source, cancellation, blocks -> listener.onProgress(blocks << Blocks.SHIFT, totalBytes()));
            switch (format) {
                case RAW -> RawImage.write(state.map(), state.sizeBytes(), pump, output);
                case QCOW2 -> Qcow2Image.write(state.map(), state.sizeBytes(), pump, output);
            }
        }
    }
}

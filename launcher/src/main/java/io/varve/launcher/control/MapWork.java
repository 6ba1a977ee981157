package io.varve.launcher.control;

import io.varve.control.BlockRange;
import io.varve.control.VolumeChangesCall;
import io.varve.control.VolumeRangesCall;
import io.varve.control.rpc.CallContext;
import io.varve.launcher.volume.StoredState;
import io.varve.lsvd.VolumeCatalog;
import io.varve.lsvd.VolumeException;
import io.varve.lsvd.VolumeInfo;
import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.map.ExtentMap;
import io.varve.lsvd.runtime.EngineRuntime;
import io.varve.lsvd.runtime.SystemRuntime;
import io.varve.lsvd.scan.Pace;
import io.varve.lsvd.store.ObjectStore;
import io.varve.lsvd.store.StoreClient;
import io.varve.lsvd.transfer.Difference;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Calls about what is where on a disk. */
final class MapWork {
    private final VolumeScope scope;
    private final EngineRuntime runtime = new SystemRuntime();

    MapWork(final VolumeScope scope) {
        this.scope = scope;
    }

    VolumeRangesCall.Answer ranges(final VolumeRangesCall call) throws VolumeException, IOException {
        return scope.withStore(call.volume(), call.settings(), (opened, own) -> {
            try (StoredState stored = open(opened, call.volume(), call.snapshot())) {
                final long size = stored.state().sizeBytes();
                final List<BlockRange> ranges = from(stored.state().map(), call.offset(), call.limit() + 1, size);
                final Long next = cut(ranges, call.limit());
                return new VolumeRangesCall.Answer(size, ranges, next);
            }
        });
    }

    VolumeChangesCall.Answer changes(final VolumeChangesCall call, final CallContext context)
            throws VolumeException, IOException {
        return scope.withStore(call.volume(), call.settings(), (opened, own) -> {
            try (StoredState older = open(opened, call.volume(), call.from());
                    StoredState newer = open(opened, call.volume(), call.to());
                    Difference difference = Difference.between(
                            client(opened), older.state(), newer.state(), new Pace(runtime, 0), context::isCancelled)) {
                return page(difference, call);
            }
        });
    }

    private static VolumeChangesCall.Answer page(final Difference difference, final VolumeChangesCall call) {
        final long size = difference.newer().sizeBytes();
        final List<BlockRange> written = from(difference.written(), call.offset(), call.limit() + 1, size);
        final List<BlockRange> discarded = from(difference.discarded(), call.offset(), call.limit() + 1, size);
        Long next = null;
        while (written.size() + discarded.size() > call.limit()) {
            final boolean isWritten = !written.isEmpty()
                    && (discarded.isEmpty()
                            || written.getLast().offset() > discarded.getLast().offset());
            next = (isWritten ? written : discarded).removeLast().offset();
        }
        return new VolumeChangesCall.Answer(size, written, discarded, next);
    }

    private StoredState open(final ObjectStore store, final String volume, final String snapshot)
            throws VolumeException, IOException {
        final VolumeCatalog catalog = new VolumeCatalog(store);
        final VolumeInfo info = catalog.info(volume);
        return snapshot == null
                ? StoredState.now(client(store), info)
                : StoredState.of(catalog, client(store), info, snapshot);
    }

    private StoreClient client(final ObjectStore store) {
        return new StoreClient(store, runtime, StoreClient.DEFAULT_TIMEOUT_MS);
    }

    /** So many ranges at most that a map has from an offset on, each as long as can be. */
    private static List<BlockRange> from(
            final ExtentMap map, final long offset, final long most, final long sizeBytes) {
        final List<BlockRange> ranges = new ArrayList<>();
        long block = offset >> Blocks.SHIFT;
        while (map.find(block)) {
            final long start = Math.max(offset, Math.max(block, map.foundBlock()) << Blocks.SHIFT);
            block = map.foundBlock() + map.foundLength();
            final long end = Math.min(sizeBytes, block << Blocks.SHIFT);
            final BlockRange last = ranges.isEmpty() ? null : ranges.getLast();
            if (start >= end) {
                break;
            }
            if (last != null && last.offset() + last.length() == start) {
                ranges.set(ranges.size() - 1, new BlockRange(last.offset(), end - last.offset()));
            } else if (ranges.size() == most) {
                break;
            } else {
                ranges.add(new BlockRange(start, end - start));
            }
        }
        return ranges;
    }

    /** Leaves so many of the ranges, and tells where the next one begins; null for none. */
    private static Long cut(final List<BlockRange> ranges, final long limit) {
        return ranges.size() > limit ? ranges.removeLast().offset() : null;
    }
}

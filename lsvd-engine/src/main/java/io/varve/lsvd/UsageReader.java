package io.varve.lsvd;

import io.varve.lsvd.crypto.VolumeKeys;
import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.format.ObjectHeader;
import io.varve.lsvd.gc.Pins;
import io.varve.lsvd.history.History;
import io.varve.lsvd.history.HistoryReader;
import io.varve.lsvd.history.ObjectTable;
import io.varve.lsvd.store.Keys;
import io.varve.lsvd.store.StoreClient;
import io.varve.lsvd.store.StoredObject;
import io.varve.lsvd.stored.StoredMap;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Counts what a volume takes of its store, from the store alone. For a thread that may wait; anyone may have the volume open. */
final class UsageReader {
    private final StoreClient store;
    private long live;
    private long garbage;
    private long snapshots;
    private long other;
    private long seals;
    private long objects;

    UsageReader(final StoreClient store) {
        this.store = store;
    }

    /** Counts. What a daemon puts and deletes meanwhile may be in or out. */
    VolumeUsage read(final VolumeInfo info) throws IOException, VolumeException {
        try (VolumeKeys keys = new VolumeKeyring(store).open(info.uuid(), info.name());
                History history = new HistoryReader(store.withKeys(keys), info.uuid()).read()) {
            final ObjectTable table = history.objects();
            StoredMap.count(history.map(), table, history.nextSequence() - 1);
            count(info, table);
            final long stored = live + garbage + snapshots + other;
            final long clones = store.list(Keys.children(info.uuid())).size();
            return new VolumeUsage(
                    info.name(),
                    info.uuid(),
                    info.sizeBytes(),
                    mapped(history),
                    live,
                    garbage,
                    snapshots,
                    other,
                    stored,
                    objects,
                    clones == 0 ? stored - seals : 0,
                    clones);
        }
    }

    private static long mapped(final History history) {
        long blocks = 0;
        for (long at = 0;
                history.map().find(at);
                at = history.map().foundBlock() + history.map().foundLength()) {
            blocks += history.map().foundLength();
        }
        return blocks << Blocks.SHIFT;
    }

    private void count(final VolumeInfo info, final ObjectTable table) throws IOException {
        final String logs = Keys.logs(info.uuid());
        final List<StoredObject> pinned = new ArrayList<>();
        final List<StoredObject> ofLogs = new ArrayList<>();
        for (final StoredObject object : store.list(Keys.volume(info.uuid()))) {
            objects++;
            if (object.key().startsWith(logs)) {
                ofLogs.add(object);
            } else {
                other += object.length();
                if (object.key().startsWith(Keys.pins(info.uuid()))) {
                    pinned.add(object);
                }
            }
        }
        final Pins pins = Pins.of(pinned, store.list(Keys.children(info.uuid())));
        for (final StoredObject object : ofLogs) {
            count(object, table, pins);
        }
    }

    private void count(final StoredObject object, final ObjectTable table, final Pins pins) {
        final long sequence = Keys.lastNumber(object.key());
        final int index = table.find(sequence);
        if (index < 0) {
            final boolean isSeal = object.length() == ObjectHeader.Shape.EMPTY.headerLength();
            seals += isSeal ? object.length() : 0;
            other += isSeal ? object.length() : 0;
            garbage += isSeal ? 0 : object.length();
        } else if (table.deadSince(index) != ObjectTable.ALIVE) {
            final boolean isPinned = pins.isNeeded(sequence, table.deadSince(index));
            snapshots += isPinned ? object.length() : 0;
            garbage += isPinned ? 0 : object.length();
        } else {
            final long data = (long) table.blocks(index) << Blocks.SHIFT;
            final long mapped = (long) table.live(index) << Blocks.SHIFT;
            live += mapped;
            garbage += data - mapped;
            other += object.length() - data;
        }
    }
}

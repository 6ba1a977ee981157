package io.varve.lsvd;

import io.varve.lsvd.VolumeInfo.State;
import io.varve.lsvd.VolumeNames.Claim;
import io.varve.lsvd.format.EpochRecord;
import io.varve.lsvd.format.VolumeSettings;
import io.varve.lsvd.history.HistoryReader;
import io.varve.lsvd.history.Sealer;
import io.varve.lsvd.history.SettingsHistory;
import io.varve.lsvd.store.Keys;
import io.varve.lsvd.store.StoreClient;
import io.varve.lsvd.store.StoreException;
import io.varve.lsvd.store.StoredObject;
import java.io.IOException;
import java.time.Instant;
import java.util.UUID;

/** Tells what the store knows of volumes. */
final class VolumeDescriber {
    private final StoreClient store;
    private final VolumeNames names;

    VolumeDescriber(final CatalogContext context, final VolumeNames names) {
        store = context.store();
        this.names = names;
    }

    /** What can be read of a volume; null when there is none of that name. */
    VolumeInfo infoIfThere(final String name) throws StoreException {
        UUID volume = null;
        try {
            final Claim claim = names.newest(name);
            if (!claim.isClaimed()) {
                return null;
            }
            volume = claim.volume();
            return describe(name, volume);
        } catch (final IOException e) {
            // If others can be listed, it is this one that is damaged; if not, the store is away.
            store.list(Keys.name(name));
            return VolumeInfo.unreadable(name, volume, e.getMessage());
        }
    }

    VolumeInfo describe(final String name, final UUID volume) throws IOException {
        final EpochRecord newest = new HistoryReader(store, volume).newestEpoch();
        long objects = 0;
        long bytes = 0;
        String last = null;
        for (final StoredObject object : store.list(Keys.logs(volume))) {
            objects++;
            bytes += object.length();
            last = object.key();
        }
        final boolean isClosed =
                last != null && last.startsWith(Keys.log(volume, newest.epoch())) && Sealer.isSeal(store, last);
        final boolean isNew = newest.epoch() == 0;
        final VolumeSettings next = new SettingsHistory(store, volume).newest(newest.settings());
        return new VolumeInfo(
                name,
                volume,
                isClosed ? next : newest.settings(),
                next,
                Instant.ofEpochMilli(newest.createdMs()),
                objects,
                bytes,
                isClosed ? State.CLOSED : State.OPEN,
                isNew ? null : newest.openedBy(),
                isNew ? null : Instant.ofEpochMilli(newest.openedMs()),
                null,
                null);
    }
}

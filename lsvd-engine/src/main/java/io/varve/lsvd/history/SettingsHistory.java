package io.varve.lsvd.history;

import io.varve.lsvd.format.SettingsRecord;
import io.varve.lsvd.format.VolumeSettings;
import io.varve.lsvd.store.Keys;
import io.varve.lsvd.store.StoreClient;
import io.varve.lsvd.store.StoreClient.Listing;
import io.varve.lsvd.store.StoredObject;
import java.io.IOException;
import java.util.List;
import java.util.UUID;
import java.util.function.UnaryOperator;

/**
 * The settings of a volume as they were changed after its creation: numbered records, of which the highest counts. Whoever
 * opens the volume reads it and writes what it says into the record of the new epoch, so that an epoch's settings never
 * change. For a thread that may wait.
 */
public final class SettingsHistory {
    private static final int CHANGE_TRIES = 20;

    private final StoreClient store;
    private final UUID volume;

    /** The settings of a volume. */
    public SettingsHistory(final StoreClient store, final UUID volume) {
        this.store = store;
        this.volume = volume;
    }

    /**
     * What the next epoch is opened with.
     *
     * @param epoch the newest epoch's settings, which count where nothing else was set.
     */
    public VolumeSettings newest(final VolumeSettings epoch) throws IOException {
        return newest(ask(), epoch);
    }

    /** Begins to ask for the newest settings, without waiting. */
    public Listing ask() {
        return store.beginList(Keys.settings(volume));
    }

    /** As {@link #newest(VolumeSettings)}, as of a time since {@link #ask()}. */
    public VolumeSettings newest(final Listing asked, final VolumeSettings epoch) throws IOException {
        final String key = newestKey(asked);
        return key == null ? epoch : read(key).applyTo(epoch);
    }

    /**
     * Changes settings.
     *
     * @param epoch  the newest epoch's settings.
     * @param change gives the new ones; called again when another change came between.
     * @param nowMs  the time, in milliseconds since 1970.
     * @return what the next epoch is opened with.
     */
    public VolumeSettings change(
            final VolumeSettings epoch, final UnaryOperator<VolumeSettings> change, final long nowMs)
            throws IOException {
        for (int i = 0; i < CHANGE_TRIES; i++) {
            final String last = newestKey(ask());
            final SettingsRecord next = new SettingsRecord(
                    change.apply(last == null ? epoch : read(last).applyTo(epoch)), nowMs);
            final String key = Keys.settings(volume, last == null ? 1 : Keys.lastNumber(last) + 1);
            // A record that is there and says the same will do, whoever made it.
            if (store.putIfAbsent(key, next.encode()) || read(key).settings().equals(next.settings())) {
                return next.settings();
            }
        }
        throw new IOException("the settings are being changed by others all the time");
    }

    private String newestKey(final Listing asked) throws IOException {
        final List<StoredObject> versions = store.await(asked);
        return versions.isEmpty() ? null : versions.getLast().key();
    }

    private SettingsRecord read(final String key) throws IOException {
        return SettingsRecord.decode(key, store.getWhole(key, SettingsRecord.MAX_LENGTH));
    }
}

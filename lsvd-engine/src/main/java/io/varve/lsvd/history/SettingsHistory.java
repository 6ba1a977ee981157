package io.varve.lsvd.history;

import io.varve.lsvd.format.SettingsRecord;
import io.varve.lsvd.format.VolumeSettings;
import io.varve.lsvd.store.Keys;
import io.varve.lsvd.store.StoreClient;
import io.varve.lsvd.store.StoreClient.Listing;
import java.io.IOException;
import java.util.UUID;
import java.util.function.UnaryOperator;

/**
 * The settings of a volume as they were changed after its creation. Whoever opens the volume reads the newest and writes what
 * they say into the record of the new epoch, so that an epoch's settings never change. For a thread that may wait.
 */
public final class SettingsHistory {
    private final Versions<SettingsRecord> versions;

    /** The settings of a volume. */
    public SettingsHistory(final StoreClient store, final UUID volume) {
        versions = new Versions<>(
                store,
                "the settings",
                Keys.settings(volume),
                version -> Keys.settings(volume, version),
                SettingsRecord.MAX_LENGTH,
                SettingsRecord::decode,
                SettingsRecord::encode);
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
        return versions.ask();
    }

    /** As {@link #newest(VolumeSettings)}, as of a time since {@link #ask()}. */
    public VolumeSettings newest(final Listing asked, final VolumeSettings epoch) throws IOException {
        return apply(versions.newest(asked), epoch);
    }

    private static VolumeSettings apply(final SettingsRecord newest, final VolumeSettings epoch) {
        return newest == null ? epoch : newest.applyTo(epoch);
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
        return versions.change(
                        newest -> new SettingsRecord(change.apply(apply(newest, epoch)), nowMs),
                        (found, wanted) -> found.settings().equals(wanted.settings()))
                .settings();
    }
}

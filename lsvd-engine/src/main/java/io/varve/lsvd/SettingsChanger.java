package io.varve.lsvd;

import io.varve.lsvd.VolumeException.Kind;
import io.varve.lsvd.format.VolumeSettings;
import io.varve.lsvd.history.HistoryReader;
import io.varve.lsvd.history.SettingsHistory;
import java.io.IOException;
import java.util.UUID;
import java.util.function.UnaryOperator;

/** Changes settings and sizes of volumes, open or not, from the next time on that they are opened. */
final class SettingsChanger {
    private final CatalogContext context;

    SettingsChanger(final CatalogContext context) {
        this.context = context;
    }

    /** Changes settings; the change is checked on those that count now, and made on those that count then. */
    void set(final String name, final UUID volume, final UnaryOperator<VolumeSettings> change) throws VolumeException {
        change("change the settings of volume '" + name + "'", volume, change, true);
    }

    /** Changes the size. */
    void resize(final String name, final UUID volume, final UnaryOperator<VolumeSettings> change)
            throws VolumeException {
        change("resize volume '" + name + "'", volume, change, false);
    }

    private void change(
            final String what, final UUID volume, final UnaryOperator<VolumeSettings> change, final boolean isChecked)
            throws VolumeException {
        try {
            final VolumeSettings epoch =
                    new HistoryReader(context.store(), volume).newestEpoch().settings();
            final SettingsHistory history = new SettingsHistory(context.store(), volume);
            if (isChecked) {
                checkBounds(change.apply(history.newest(epoch)));
            }
            history.change(epoch, change, context.runtime().currentTimeMillis());
        } catch (final IOException e) {
            throw context.failure(what, e);
        }
    }

    /**
     * Checks the bounds among settings.
     *
     * @throws VolumeException when one is no good.
     */
    static void checkBounds(final VolumeSettings settings) throws VolumeException {
        if (settings.maxUnsentBytes() != 0 && settings.maxUnsentBytes() < VolumeSettings.MIN_UNSENT_BYTES) {
            throw new VolumeException(Kind.INVALID, "the bound on unsent bytes is 0 for none, or 64K and more");
        }
        checkTime(
                "the bound on the age of what is unsent", settings.maxUnsentAgeMs(), VolumeSettings.MIN_UNSENT_AGE_MS);
        checkTime("the fence timeout", settings.fenceTimeoutMs(), VolumeSettings.MIN_FENCE_TIMEOUT_MS);
    }

    private static void checkTime(final String what, final long ms, final long leastMs) throws VolumeException {
        if (ms != 0 && (ms < leastMs || ms > VolumeSettings.MAX_TIME_MS)) {
            throw new VolumeException(Kind.INVALID, what + " is 0 for none, or " + leastMs + "ms to 7 days");
        }
    }
}

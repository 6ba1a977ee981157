package io.varve.launcher.daemon;

import io.varve.launcher.UserException;
import io.varve.launcher.config.Setting;
import io.varve.launcher.config.Settings;
import io.varve.launcher.volume.SnapshotName;
import io.varve.lsvd.gc.GcPolicy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;

/**
 * How a volume is to be served.
 *
 * @param name            of the volume, or of a snapshot of it: then it is read-only.
 * @param store           opens the store that has it.
 * @param cacheDirectory  of the local logs.
 * @param logSizeBytes    size of its log, if that is yet to be made.
 * @param gcPolicy        how much garbage it may have in the store.
 * @param exports         how and where clients reach it; at least one.
 * @param opening         how it is opened.
 * @param shutdownTimeout how long the end waits for the store.
 * @param pollTime        how long the reactor polls after its last work.
 * @param readLanes       threads beside the reactor that may serve reads of a guest with several queues.
 * @param holdLimit       how long a front-end waits at most for an answer that waits for the store, as when requests are in flight, or the volume moves.
 */
public record VolumeOptions(
        String name,
        StoreOpener store,
        Path cacheDirectory,
        long logSizeBytes,
        GcPolicy gcPolicy,
        List<ExportPlan> exports,
        OpeningChoices opening,
        Duration shutdownTimeout,
        Duration pollTime,
        int readLanes,
        Duration holdLimit) {
    /**
     * Options that leave the rest to the settings.
     *
     * @param settings all that hold for the volume.
     * @param given    keys of those that were given for this volume alone.
     * @throws UserException when something was given, or is stated, that can have no effect.
     */
    public static VolumeOptions of(
            final String name,
            final Settings settings,
            final Set<String> given,
            final StoreOpener store,
            final List<ExportPlan> exports,
            final OpeningChoices opening) {
        final OpeningChoices choices = SnapshotName.isSnapshot(name) ? opening.readOnly() : opening;
        choices.requireUseful(name, given);
        if (choices.isShared() && exports.size() == 1 && !exports.getFirst().takesSeveral()) {
            throw new UserException(
                    "--shared: one front-end at a time is all that there can be at QEMU's socket: leave it out, or give --nbd as well");
        }
        settings.get(Setting.STORE).requireUseful(given);
        return new VolumeOptions(
                name,
                store,
                settings.get(Setting.CACHE),
                settings.get(Setting.CACHE_SIZE),
                new GcPolicy(
                        settings.get(Setting.GC_SPACE),
                        settings.get(Setting.GC_GARBAGE),
                        settings.get(Setting.GC_RATE)),
                exports,
                choices,
                settings.get(Setting.SHUTDOWN_TIMEOUT),
                settings.get(Setting.POLL_TIME),
                settings.get(Setting.READ_LANES),
                settings.get(Setting.ANSWER_TIMEOUT));
    }
}

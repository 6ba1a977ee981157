package io.varve.launcher.volume;

import io.varve.control.ErrorKind;
import io.varve.launcher.UserException;
import io.varve.launcher.config.Setting;
import io.varve.launcher.config.Settings;
import io.varve.linux.IoRing;
import io.varve.lsvd.Volume;
import io.varve.lsvd.VolumeCatalog;
import io.varve.lsvd.VolumeCompletion;
import io.varve.lsvd.VolumeContext;
import io.varve.lsvd.VolumeException;
import io.varve.lsvd.store.ObjectStore;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/** A volume that a command opens for itself, while nobody else has it open, and drives on its own thread. */
final class OfflineVolume implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(OfflineVolume.class.getName());
    private static final long MAX_SLEEP_NS = 10_000_000;
    private static final long PATIENCE_NS = TimeUnit.SECONDS.toNanos(60);

    private final OpenVolume open;
    private final Path cache;
    private final boolean hadLog;
    private final String failing;
    private long deadlineNs;
    private int asked;
    private int answers;
    private boolean hasFailed;

    /**
     * Opens a volume.
     *
     * @param how     more of how it is opened.
     * @param failing begins the message when something fails.
     */
    OfflineVolume(
            final ObjectStore store,
            final Settings settings,
            final String name,
            final UnaryOperator<VolumeContext> how,
            final String failing)
            throws VolumeException {
        this.failing = failing;
        deadlineNs =
                System.nanoTime() + settings.get(Setting.SHUTDOWN_TIMEOUT).toNanos() + TimeUnit.SECONDS.toNanos(10);
        cache = settings.get(Setting.CACHE);
        hadLog = Volume.hasLog(cache, new VolumeCatalog(store).find(name));
        open = OpenVolume.withLog(how.apply(new VolumeContext()
                .store(store)
                .name(name)
                .cacheDirectory(cache)
                .logSizeBytes(hadLog ? settings.get(Setting.CACHE_SIZE) : VolumeContext.MIN_LOG_SIZE)));
    }

    Volume volume() {
        return open.volume();
    }

    /** Asks the volume for something, and waits until it is done. */
    void ask(final Consumer<VolumeCompletion> request) {
        asked++;
        request.accept((token, status) -> {
            answers++;
            hasFailed |= status != VolumeCompletion.OK;
        });
        drive(() -> answers == asked);
    }

    /** Waits until something is so, however long it takes. */
    void await(final BooleanSupplier condition, final Runnable progress) {
        while (!condition.getAsBoolean()) {
            deadlineNs = System.nanoTime() + PATIENCE_NS;
            final long untilNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(200);
            drive(() -> condition.getAsBoolean() || System.nanoTime() > untilNs);
            progress.run();
        }
        deadlineNs = System.nanoTime() + PATIENCE_NS;
    }

    /** Waits until everything is in the store. */
    void awaitStored() {
        drive(volume()::isStored);
    }

    /** Ends the epoch, with everything in the store. */
    void shutDown() {
        volume().shutdown();
        drive(volume()::isShutDown);
    }

    /** A log that was made for this alone goes with it, if the store has all of it. */
    @Override
    public void close() {
        final boolean isDone = volume().isShutDown() && volume().failure() == null;
        open.close();
        if (hadLog || !isDone) {
            return;
        }
        try {
            Volume.deleteLog(cache, volume().uuid());
        } catch (final IOException e) {
            LOG.log(Level.DEBUG, "the log of a command is left", e);
        }
    }

    private void drive(final BooleanSupplier isDone) {
        final Volume volume = open.volume();
        final IoRing ring = open.ring();
        while (!isDone.getAsBoolean()) {
            if (volume.doWork() + ring.turn(0) == 0) {
                ring.turn(Math.min(volume.maxIdleNs(), MAX_SLEEP_NS));
            }
            if (hasFailed || volume.failure() != null || System.nanoTime() > deadlineNs) {
                throw new UserException(
                        ErrorKind.UNAVAILABLE,
                        failing + ": "
                                + (volume.failure() != null ? volume.failure() : "the store takes nothing; try again"));
            }
        }
    }
}

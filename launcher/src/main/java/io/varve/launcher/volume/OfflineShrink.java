package io.varve.launcher.volume;

import io.varve.launcher.UserException;
import io.varve.launcher.config.Setting;
import io.varve.launcher.config.Settings;
import io.varve.linux.ErrnoException;
import io.varve.linux.IoRing;
import io.varve.linux.IoRings;
import io.varve.lsvd.Volume;
import io.varve.lsvd.VolumeCatalog;
import io.varve.lsvd.VolumeCompletion;
import io.varve.lsvd.VolumeContext;
import io.varve.lsvd.VolumeException;
import io.varve.lsvd.VolumeInfo;
import io.varve.lsvd.store.ObjectStore;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * Makes a volume smaller that nobody has open: opens it, discards what lies beyond, and sets the size when that is in the
 * store, so that a volume that grows again reads zeros there. Cut short in between, the volume has its old size and zeros at
 * its end.
 */
final class OfflineShrink {
    /** Most bytes that are discarded by one request. */
    private static final long MAX_DISCARD = 64L << 30;

    private static final long MAX_SLEEP_NS = 10_000_000;

    private final ObjectStore store;
    private final Settings settings;
    private final VolumeCatalog catalog;
    private int answers;
    private boolean hasFailed;

    OfflineShrink(final ObjectStore store, final Settings settings, final VolumeCatalog catalog) {
        this.store = store;
        this.settings = settings;
        this.catalog = catalog;
    }

    VolumeInfo shrink(final VolumeInfo info, final long sizeBytes) throws VolumeException {
        catalog.checkSize(sizeBytes);
        try (IoRing ring = IoRings.open(IoRings.DEFAULT_ENTRIES);
                Volume volume = Volume.open(new VolumeContext()
                        .store(store)
                        .name(info.name())
                        .cacheDirectory(settings.get(Setting.CACHE))
                        .logSizeBytes(settings.get(Setting.CACHE_SIZE))
                        .ring(ring))) {
            final long deadlineNs =
                    System.nanoTime() + settings.get(Setting.SHUTDOWN_TIMEOUT).toNanos() + TimeUnit.SECONDS.toNanos(10);
            int asked = 0;
            for (long offset = sizeBytes; offset < volume.sizeBytes(); offset += MAX_DISCARD) {
                final long length = Math.min(MAX_DISCARD, volume.sizeBytes() - offset);
                volume.discard(offset, length, true, this::onAnswer, 0);
                final int count = ++asked;
                drive(ring, volume, deadlineNs, () -> answers == count);
            }
            drive(ring, volume, deadlineNs, volume::isStored);
            catalog.shrink(info.name(), sizeBytes, volume);
            volume.shutdown();
            drive(ring, volume, deadlineNs, volume::isShutDown);
            return catalog.info(info.name());
        } catch (final ErrnoException e) {
            throw new UserException("cannot set up I/O: " + e.getMessage(), e);
        }
    }

    private void onAnswer(final long token, final int status) {
        answers++;
        hasFailed |= status != VolumeCompletion.OK;
    }

    private void drive(final IoRing ring, final Volume volume, final long deadlineNs, final BooleanSupplier isDone) {
        while (!isDone.getAsBoolean()) {
            if (volume.doWork() + ring.turn(0) == 0) {
                ring.turn(Math.min(volume.maxIdleNs(), MAX_SLEEP_NS));
            }
            if (hasFailed || volume.failure() != null || System.nanoTime() > deadlineNs) {
                throw new UserException("the end of the volume could not be discarded, and it keeps its size: "
                        + (volume.failure() != null ? volume.failure() : "the store takes nothing; try again"));
            }
        }
    }
}

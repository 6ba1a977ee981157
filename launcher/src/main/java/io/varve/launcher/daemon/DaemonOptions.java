package io.varve.launcher.daemon;

import io.varve.launcher.metrics.MetricsServer;
import io.varve.launcher.metrics.StoreMeter;
import io.varve.lsvd.VolumeContext;
import java.time.Duration;

/**
 * What a daemon is to do.
 *
 * @param volume          the volume, but for the ring.
 * @param shutdownTimeout how long the end waits for the store.
 * @param pollTime        how long the reactor polls after its last work.
 * @param store           that the volume uses.
 * @param metrics         answers who asks for figures, or null.
 */
public record DaemonOptions(
        VolumeContext volume, Duration shutdownTimeout, Duration pollTime, StoreMeter store, MetricsServer metrics) {}

package io.varve.launcher.daemon;

import io.varve.lsvd.store.ObjectStore;
import java.nio.file.Path;
import java.time.Duration;

/**
 * What a daemon is to do.
 *
 * @param store           where the volume's objects are.
 * @param volume          name of the volume.
 * @param cacheDirectory  of the local logs; made when it is missing.
 * @param cacheSize       size of the local log in bytes.
 * @param readOnly        whether writes are refused.
 * @param shutdownTimeout how long the end waits for the store.
 * @param pollTime        how long the reactor polls after its last work.
 */
public record DaemonOptions(
        ObjectStore store,
        String volume,
        Path cacheDirectory,
        long cacheSize,
        boolean readOnly,
        Duration shutdownTimeout,
        Duration pollTime) {}

package io.varve.launcher.daemon;

import java.nio.file.Path;
import java.time.Duration;

/**
 * How a volume is to be served.
 *
 * @param name             of the volume.
 * @param store            opens the store that has it.
 * @param cacheDirectory   of the local logs.
 * @param logSizeBytes     size of its log, if that is yet to be made.
 * @param isReadOnly       whether writes are refused.
 * @param isTakeOver       whether it is opened although another daemon had it and has not closed it.
 * @param acceptsDataLoss  whether damage to flushed records of the log is put up with.
 * @param isPatient        whether opening is tried again until it succeeds.
 * @param door             where front-ends connect.
 * @param shutdownTimeout  how long the end waits for the store.
 * @param pollTime         how long the reactor polls after its last work.
 */
public record VolumeOptions(
        String name,
        StoreOpener store,
        Path cacheDirectory,
        long logSizeBytes,
        boolean isReadOnly,
        boolean isTakeOver,
        boolean acceptsDataLoss,
        boolean isPatient,
        DoorPlan door,
        Duration shutdownTimeout,
        Duration pollTime) {}

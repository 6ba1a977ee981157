package io.varve.lsvd;

import io.varve.linux.IoRing;
import io.varve.lsvd.cache.ReadCache;
import io.varve.lsvd.cache.VolumeCache;
import io.varve.lsvd.crypto.VolumeKeys;
import io.varve.lsvd.gc.GcPolicy;
import io.varve.lsvd.history.Checkpoint;
import io.varve.lsvd.history.Epochs;
import io.varve.lsvd.log.DirectoryLogStore;
import io.varve.lsvd.log.LogStore;
import io.varve.lsvd.runtime.EngineRuntime;
import io.varve.lsvd.runtime.SystemRuntime;
import io.varve.lsvd.store.ObjectStore;
import java.nio.file.Path;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** What a {@link Volume} is opened with. Every setter gives the context back. */
public final class VolumeContext {
    /** Default of {@link #destageDelayNs()}: one second. */
    public static final long DEFAULT_DESTAGE_DELAY_NS = TimeUnit.SECONDS.toNanos(1);

    /** Default of {@link #storeTimeoutMs()}: one minute. */
    public static final long DEFAULT_STORE_TIMEOUT_MS = TimeUnit.MINUTES.toMillis(1);

    /** Default of {@link #checkpointInterval()}. */
    public static final int DEFAULT_CHECKPOINT_INTERVAL = 64;

    /** Least {@link #logSizeBytes()}. */
    public static final long MIN_LOG_SIZE = 32L << 20;

    private ObjectStore store;
    private String name;
    private Path cacheDirectory;
    private long logSizeBytes = 1L << 30;
    private boolean isReadOnly;
    private boolean isTakeOver;
    private String snapshot;
    private String rollBackTo;
    private boolean isDataLossAccepted;
    private IoRing ring;
    private EngineRuntime runtime = new SystemRuntime();
    private LogStore logs;
    private Supplier<ReadCache> readCache = () -> null;
    private Runnable wakeReactor;
    private long destageDelayNs = DEFAULT_DESTAGE_DELAY_NS;
    private long maxExtents = Checkpoint.MAX_EXTENTS;
    private int checkpointInterval = DEFAULT_CHECKPOINT_INTERVAL;
    private long storeTimeoutMs = DEFAULT_STORE_TIMEOUT_MS;
    private GcPolicy gcPolicy = GcPolicy.DEFAULT;

    /** The store that holds the volume. The caller closes it. */
    public VolumeContext store(final ObjectStore value) {
        store = value;
        return this;
    }

    /** The store that holds the volume. */
    public ObjectStore store() {
        return store;
    }

    /** The volume's name. */
    public VolumeContext name(final String value) {
        name = value;
        return this;
    }

    /** The volume's name. */
    public String name() {
        return name;
    }

    /** The directory under which logs are kept, one directory a volume. */
    public VolumeContext cacheDirectory(final Path value) {
        cacheDirectory = value;
        return this;
    }

    /** The directory under which logs are kept. */
    public Path cacheDirectory() {
        return cacheDirectory;
    }

    /** How large a log to make, in bytes, when there is none: at least {@link #MIN_LOG_SIZE}. */
    public VolumeContext logSizeBytes(final long value) {
        logSizeBytes = value;
        return this;
    }

    /** How large a log to make, in bytes. */
    public long logSizeBytes() {
        return logSizeBytes;
    }

    /** Whether to follow what is in the store only, without log or epoch. */
    public VolumeContext readOnly(final boolean value) {
        isReadOnly = value;
        return this;
    }

    /** Whether to follow what is in the store only. */
    public boolean isReadOnly() {
        return isReadOnly;
    }

    /** The snapshot to open, read-only, in place of the volume as it is. */
    public VolumeContext snapshot(final String value) {
        snapshot = value;
        return this;
    }

    /** The snapshot to open, or null. */
    public String snapshot() {
        return snapshot;
    }

    /** The snapshot that the volume goes back to; nobody may have it open, and all of it must be in the store. */
    public VolumeContext rollBackTo(final String value) {
        rollBackTo = value;
        return this;
    }

    /** The snapshot that the volume goes back to, or null. */
    public String rollBackTo() {
        return rollBackTo;
    }

    /** The operator's statement that whoever has the volume open is gone, and what it had not stored may be lost. */
    public VolumeContext takeOver(final boolean value) {
        isTakeOver = value;
        return this;
    }

    /** Whether to take the volume over. */
    public boolean isTakeOver() {
        return isTakeOver;
    }

    /**
     * The operator's statement that what had been made durable may be lost: records of a damaged log, and what a store does not show
     * any more that it held. For one opening.
     */
    public VolumeContext acceptDataLoss(final boolean value) {
        isDataLossAccepted = value;
        return this;
    }

    /** Whether such a loss is accepted. */
    public boolean isDataLossAccepted() {
        return isDataLossAccepted;
    }

    /** What stands for the world; the real one unless a simulator sets its own. */
    public VolumeContext runtime(final EngineRuntime value) {
        runtime = value;
        return this;
    }

    EngineRuntime runtime() {
        return runtime;
    }

    /** Where the log is kept, in place of a directory, and how the reactor is woken, in place of its ring. */
    public VolumeContext logs(final LogStore value, final Runnable wake) {
        logs = value;
        wakeReactor = wake;
        return this;
    }

    LogStore logs(final UUID volume) {
        return logs != null ? logs : new DirectoryLogStore(cacheDirectory, volume, ring);
    }

    Runnable wakeReactor() {
        return wakeReactor != null ? wakeReactor : ring::wakeUp;
    }

    /**
     * Gives the read cache once the volume is open, or null for none. The caller closes the cache after the volume.
     */
    public VolumeContext readCache(final Supplier<ReadCache> value) {
        readCache = value;
        return this;
    }

    Supplier<ReadCache> readCache() {
        return readCache;
    }

    VolumeCache readCache(final Epochs epochs, final VolumeKeys keys) {
        final ReadCache cache = readCache.get();
        return cache == null ? null : VolumeCache.of(cache, store.url(), epochs, keys, ring);
    }

    /** The reactor's ring. The caller drives and closes it. */
    public VolumeContext ring(final IoRing value) {
        ring = value;
        return this;
    }

    /** The reactor's ring. */
    public IoRing ring() {
        return ring;
    }

    /** How long data waits in the log for an object to fill, in nanoseconds. */
    public VolumeContext destageDelayNs(final long value) {
        destageDelayNs = value;
        return this;
    }

    /** How long data waits in the log for an object to fill, in nanoseconds. */
    public long destageDelayNs() {
        return destageDelayNs;
    }

    /** Number of objects behind which a checkpoint is written: bounds how many an opening has to read. */
    public VolumeContext checkpointInterval(final int value) {
        checkpointInterval = value;
        return this;
    }

    /** Refuses writes to a volume of so many extents or more; for tests. */
    VolumeContext maxExtents(final long value) {
        maxExtents = value;
        return this;
    }

    long maxExtents() {
        return maxExtents;
    }

    /** Number of objects behind which a checkpoint is written. */
    public int checkpointInterval() {
        return checkpointInterval;
    }

    /** How much garbage the volume may hold in the store. */
    public VolumeContext gcPolicy(final GcPolicy value) {
        gcPolicy = value;
        return this;
    }

    /** How much garbage the volume may hold in the store. */
    public GcPolicy gcPolicy() {
        return gcPolicy;
    }

    /** How long opening waits for one answer of the store, in milliseconds. */
    public VolumeContext storeTimeoutMs(final long value) {
        storeTimeoutMs = value;
        return this;
    }

    /** How long opening waits for one answer of the store, in milliseconds. */
    public long storeTimeoutMs() {
        return storeTimeoutMs;
    }
}

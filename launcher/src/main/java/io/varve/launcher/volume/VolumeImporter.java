package io.varve.launcher.volume;

import io.varve.control.ErrorKind;
import io.varve.launcher.UserException;
import io.varve.launcher.config.Setting;
import io.varve.launcher.config.Settings;
import io.varve.lsvd.RemovalListener;
import io.varve.lsvd.Volume;
import io.varve.lsvd.VolumeCatalog;
import io.varve.lsvd.VolumeContext;
import io.varve.lsvd.VolumeException;
import io.varve.lsvd.VolumeInfo;
import io.varve.lsvd.VolumeKeyring;
import io.varve.lsvd.crypto.VolumeKeys;
import io.varve.lsvd.format.VolumeSettings;
import io.varve.lsvd.history.History;
import io.varve.lsvd.history.HistoryReader;
import io.varve.lsvd.runtime.EngineRuntime;
import io.varve.lsvd.runtime.SystemRuntime;
import io.varve.lsvd.scan.Cancellation;
import io.varve.lsvd.scan.Pace;
import io.varve.lsvd.store.ObjectStore;
import io.varve.lsvd.store.StoreClient;
import io.varve.lsvd.transfer.ChangeSource;
import io.varve.lsvd.transfer.DifferenceHeader;
import io.varve.lsvd.transfer.DifferenceReader;
import io.varve.lsvd.transfer.Fingerprint;
import io.varve.lsvd.transfer.VolumeLoad;
import io.varve.lsvd.transfer.VolumeState;
import java.io.IOException;
import java.util.concurrent.CancellationException;
import java.util.function.LongSupplier;

/**
 * Makes volumes out of images. A volume has its name only when all of it is in the store: until then it is called as
 * {@link VolumeCatalog#DRAFT_SUFFIX} says, and an import that fails or is broken off removes it.
 */
public final class VolumeImporter {
    /** Size of the log of a new volume, in memory, in bytes. */
    private static final long MEMORY_LOG = 128L << 20;

    /** Greatest log of a volume that had none here, in bytes: it is deleted at the end. */
    private static final long MAX_LOG = 256L << 20;

    /** How long uploads that are under way are waited for before a volume is removed. */
    private static final long SETTLE_MS = 10_000;

    private final SettlingStore store;
    private final Settings settings;
    private final VolumeCatalog catalog;
    private final StoreVolumes volumes;
    private final Cancellation cancellation;
    private final VolumeLoad.Listener listener;

    /**
     * An importer into a store.
     *
     * @param store    left open.
     * @param settings say where the log is kept meanwhile.
     */
    public VolumeImporter(
            final ObjectStore store,
            final Settings settings,
            final Cancellation cancellation,
            final VolumeLoad.Listener listener) {
        this.store = new SettlingStore(store);
        this.settings = settings;
        this.cancellation = cancellation;
        this.listener = listener;
        catalog = new VolumeCatalog(store);
        volumes = new StoreVolumes(store, settings);
    }

    /**
     * Makes a volume.
     *
     * @param volume     its settings, with its size, or the greatest size that it may turn out to have.
     * @param finalBytes tells the size when everything has been read.
     */
    public VolumeInfo importNew(
            final String name,
            final VolumeSettings volume,
            final boolean allowsUnfitStore,
            final ChangeSource source,
            final LongSupplier finalBytes)
            throws VolumeException, IOException {
        final String draft = name + VolumeCatalog.DRAFT_SUFFIX;
        catalog.checkMayCreate(name, volume);
        requireNoDraft(name, draft);
        volumes.create(draft, volume, allowsUnfitStore);
        try {
            load(draft, source, finalBytes);
        } catch (final VolumeException | IOException | RuntimeException e) {
            remove(draft, e);
            throw e;
        }
        return catalog.publish(name);
    }

    private void requireNoDraft(final String name, final String draft) throws VolumeException {
        if (catalog.list().stream().anyMatch(info -> info.name().equals(draft))) {
            throw new UserException(
                    ErrorKind.BUSY,
                    "there is a volume '" + draft + "': an import of '" + name
                            + "' is under way, or was broken off; in that case remove it, by 'varve volume remove "
                            + draft
                            + "'");
        }
    }

    private void load(final String draft, final ChangeSource source, final LongSupplier finalBytes)
            throws VolumeException, IOException {
        try (OpenVolume open = OpenVolume.withMemoryLog(context(draft).logSizeBytes(MEMORY_LOG))) {
            final VolumeLoad load = load(open, true, cancellation);
            load.run(source);
            final long sizeBytes = finalBytes.getAsLong();
            if (sizeBytes == 0) {
                throw new UserException("there is nothing to import: the input is empty");
            }
            if (sizeBytes < open.volume().sizeBytes()) {
                catalog.shrink(draft, sizeBytes, open.volume());
            }
            load.shutDown();
        }
    }

    /**
     * Makes the newer state of a difference out of the older one.
     *
     * @param name          a volume that holds the older state.
     * @param acceptsAnyBase whether it may hold anything; whether it holds the newer state afterwards is checked all the same.
     * @return false when it held the newer state before.
     */
    public boolean importDifference(final String name, final DifferenceReader difference, final boolean acceptsAnyBase)
            throws VolumeException, IOException {
        final VolumeInfo info = catalog.info(name);
        final boolean hadLog = Volume.hasLog(settings.get(Setting.CACHE), info.uuid());
        catalog.checkSize(difference.header().newerBytes());
        try (OpenVolume open = OpenVolume.withLog(context(name).logSizeBytes(hadLog ? cacheSize() : logSize()))) {
            final VolumeLoad load = load(open, false, cancellation);
            try {
                load.awaitStored();
                if (!isBase(open.volume(), name, difference.header(), acceptsAnyBase)) {
                    return false;
                }
                apply(open, load, name, difference);
            } finally {
                load(open, false, Cancellation.NEVER).shutDown();
                if (!hadLog) {
                    open.end();
                    Volume.deleteLog(settings.get(Setting.CACHE), info.uuid());
                }
            }
        }
        return true;
    }

    /** Whether the difference is to be applied; not when that has certainly been done: twice does no harm. */
    private boolean isBase(
            final Volume volume, final String name, final DifferenceHeader header, final boolean acceptsAnyBase)
            throws VolumeException, IOException {
        final long fingerprint = fingerprint(volume, name);
        final boolean isTellable =
                header.newerFingerprint() != header.olderFingerprint() || header.newerBytes() != header.olderBytes();
        if (isTellable && fingerprint == header.newerFingerprint() && volume.sizeBytes() == header.newerBytes()) {
            return false;
        }
        if (!acceptsAnyBase
                && (fingerprint != header.olderFingerprint() || volume.sizeBytes() != header.olderBytes())) {
            throw new UserException("volume '" + name + "' is not what the difference begins with, which is '"
                    + header.older() + "' of volume " + header.volume()
                    + ": import what is missing between, or, if an import of this one was broken off, use --any-base");
        }
        return true;
    }

    private void apply(
            final OpenVolume open, final VolumeLoad load, final String name, final DifferenceReader difference)
            throws VolumeException, IOException {
        final DifferenceHeader header = difference.header();
        final Volume volume = open.volume();
        if (header.newerBytes() > volume.sizeBytes()) {
            volume.grow(catalog.grow(name, header.newerBytes()).sizeBytes());
        }
        try {
            load.run(difference);
        } catch (final CancellationException | IOException e) {
            throw new IOException(
                    e.getMessage() + "; volume '" + name
                            + "' has part of the difference now: import it again, with --any-base",
                    e);
        }
        if (header.newerBytes() < volume.sizeBytes()) {
            load.discardBehind(header.newerBytes());
            catalog.shrink(name, header.newerBytes(), volume);
        }
        if (fingerprint(volume, name) != header.newerFingerprint()) {
            throw new IOException("volume '" + name + "' does not hold '" + header.newer()
                    + "' now: it was not what the difference begins with");
        }
    }

    private long fingerprint(final Volume volume, final String name) throws IOException, VolumeException {
        final EngineRuntime runtime = new SystemRuntime();
        final StoreClient client = new StoreClient(store, runtime, StoreClient.DEFAULT_TIMEOUT_MS);
        try (VolumeKeys keys = new VolumeKeyring(client).open(volume.uuid(), name);
                History history = new HistoryReader(client.withKeys(keys), volume.uuid()).read()) {
            return Fingerprint.of(
                    client.withKeys(keys),
                    VolumeState.of(name, volume.uuid(), history, volume.sizeBytes()),
                    new Pace(runtime, 0),
                    cancellation);
        }
    }

    private VolumeLoad load(final OpenVolume open, final boolean skipsZeros, final Cancellation breaksOff) {
        return new VolumeLoad(
                open.volume(),
                open.ring(),
                skipsZeros,
                settings.get(Setting.SHUTDOWN_TIMEOUT).toNanos(),
                breaksOff,
                listener);
    }

    private VolumeContext context(final String name) {
        return new VolumeContext().store(store).name(name).cacheDirectory(settings.get(Setting.CACHE));
    }

    private long cacheSize() {
        return settings.get(Setting.CACHE_SIZE);
    }

    private long logSize() {
        return Math.min(MAX_LOG, cacheSize());
    }

    private void remove(final String draft, final Exception reason) throws IOException {
        try {
            store.awaitSettled(SETTLE_MS);
            volumes.remove(draft, RemovalListener.NONE);
        } catch (final VolumeException | RuntimeException e) {
            throw new IOException(
                    reason.getMessage() + "; what is there of it is called '" + draft
                            + "': remove it, by 'varve volume remove " + draft + "'",
                    reason);
        }
    }
}

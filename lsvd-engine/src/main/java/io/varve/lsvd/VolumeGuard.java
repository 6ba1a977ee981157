package io.varve.lsvd;

import io.varve.lsvd.crypto.VolumeKeys;
import io.varve.lsvd.history.History;
import io.varve.lsvd.history.HistoryReader;
import io.varve.lsvd.history.Sealer;
import io.varve.lsvd.history.SettingsHistory;
import io.varve.lsvd.runtime.EngineRuntime;
import io.varve.lsvd.runtime.SystemRuntime;
import io.varve.lsvd.store.ObjectStore;
import io.varve.lsvd.store.StoreClient;
import java.io.IOException;
import java.util.UUID;

/** Tells who writes a volume, and shuts a writer out, without opening the volume. For any thread that may wait. */
public final class VolumeGuard {
    private static final long STORE_TIMEOUT_MS = 60_000;

    private final StoreClient store;
    private final VolumeCatalog catalog;
    private final EngineRuntime runtime;

    /** Makes one for the volumes of a store. */
    public VolumeGuard(final ObjectStore store) {
        this(store, new SystemRuntime(), STORE_TIMEOUT_MS);
    }

    /** The same in another world, with another time in milliseconds after which a request of the store counts as failed. */
    public VolumeGuard(final ObjectStore store, final EngineRuntime runtime, final long timeoutMs) {
        this.store = new StoreClient(store, runtime, timeoutMs);
        this.runtime = runtime;
        catalog = new VolumeCatalog(store, runtime, timeoutMs);
    }

    /**
     * How a volume stands, as the store knows it.
     *
     * @throws VolumeException when there is none of that name, or its history can't be read.
     */
    public VolumeStanding standing(final String name) throws VolumeException {
        final UUID volume = catalog.find(name);
        try (VolumeKeys keys = new VolumeKeyring(store).open(volume, name);
                History history = new HistoryReader(store.withKeys(keys), volume).read()) {
            return standing(volume, history);
        } catch (final IOException e) {
            throw failure("look at", name, e);
        }
    }

    /**
     * Ends the newest epoch of a volume, so that whoever has begun it can put nothing more into the store. It notices with its next
     * object. One that is closed, or has been shut out before, is left alone.
     *
     * @return how the volume stands then.
     * @throws VolumeException also when the writer is faster every time.
     */
    public VolumeStanding fence(final String name) throws VolumeException {
        final UUID volume = catalog.find(name);
        try (VolumeKeys keys = new VolumeKeyring(store).open(volume, name);
                History history = end(store.withKeys(keys), volume)) {
            if (history == null) {
                throw new VolumeException(
                        VolumeException.Kind.BUSY,
                        "volume '" + name + "' is being written faster than it can be sealed: try again");
            }
            if (history.sealedBy() == null) {
                throw new VolumeException(
                        VolumeException.Kind.BUSY,
                        "volume '" + name + "' was opened by "
                                + history.newest().openedBy() + " at the same time");
            }
            return standing(volume, history);
        } catch (final IOException e) {
            throw failure("fence", name, e);
        }
    }

    private History end(final StoreClient keyed, final UUID volume) throws IOException {
        final HistoryReader reader = new HistoryReader(keyed, volume);
        return Sealer.end(keyed, reader, volume, reader.read(), runtime.randomUuid());
    }

    private VolumeStanding standing(final UUID volume, final History history) throws IOException {
        return VolumeStanding.of(
                volume,
                history,
                new SettingsHistory(store, volume).newest(history.newest().settings()),
                false);
    }

    private VolumeException failure(final String what, final String name, final IOException e) {
        return new VolumeException("cannot " + what + " volume '" + name + "': " + e.getMessage(), e);
    }
}

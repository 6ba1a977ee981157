package io.varve.launcher.volume;

import io.varve.control.ErrorKind;
import io.varve.launcher.UserException;
import io.varve.launcher.config.Settings;
import io.varve.linux.IoVec;
import io.varve.lsvd.LogInventory;
import io.varve.lsvd.RemovalListener;
import io.varve.lsvd.VolumeException;
import io.varve.lsvd.rescue.LocalLog;
import io.varve.lsvd.rescue.LocalLog.Unsent;
import io.varve.lsvd.store.ObjectStore;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Map;

/**
 * Makes a volume of what a host had last written that was taken over from: a clone of the snapshot that the takeover has left, and
 * on top of it what the host's log holds and the store lacks.
 */
public final class LogRescue {
    private final ObjectStore store;
    private final Settings settings;
    private final LogInventory logs;

    /**
     * Prepares rescues.
     *
     * @param store    left open.
     * @param settings say where the log of the new volume is kept.
     */
    public LogRescue(final ObjectStore store, final Settings settings, final LogInventory logs) {
        this.store = store;
        this.settings = settings;
        this.logs = logs;
    }

    /**
     * Makes the clone. If that fails, it is removed again.
     *
     * @param volume name of the volume.
     * @param log    its log, which stays as it is.
     * @param clone  name of the new volume.
     * @return what was rescued.
     */
    public Unsent toClone(final String volume, final Path log, final String clone) throws VolumeException {
        final StoreVolumes volumes = new StoreVolumes(store, settings);
        final SnapshotName base = new SnapshotName(volume, SnapshotName.ofTakeOver(logs.successorOf(log)));
        if (volumes.listSnapshots(volume).stream().noneMatch(one -> one.name().equals(base.snapshot()))) {
            throw new UserException(
                    ErrorKind.NOT_FOUND,
                    "there is no snapshot '" + base + "' of how the volume was when it was taken over: save what"
                            + " is in the log to a file, with --to");
        }
        volumes.cloneOf(base, clone, 0, Map.of());
        try (OfflineVolume target = new OfflineVolume(
                store, settings, clone, context -> context, "cannot rescue to volume '" + clone + "'")) {
            final Unsent rescued = logs.tell(log, new Changes(target));
            target.awaitStored();
            target.shutDown();
            return rescued;
        } catch (final VolumeException | RuntimeException e) {
            volumes.remove(clone, RemovalListener.NONE);
            throw e;
        }
    }

    /** Writes changes to a volume, one after the other. */
    private record Changes(OfflineVolume target) implements LocalLog.Changes {
        @Override
        public void written(final long offset, final MemorySegment data) {
            final IoVec buffers = new IoVec();
            buffers.add(data.address(), (int) data.byteSize());
            target.ask(completion -> target.volume().write(offset, buffers, false, completion, 0));
        }

        @Override
        public void discarded(final long offset, final long length) {
            target.ask(completion -> target.volume().discard(offset, length, false, completion, 0));
        }
    }
}

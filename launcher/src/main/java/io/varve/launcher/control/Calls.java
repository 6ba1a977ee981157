package io.varve.launcher.control;

import io.varve.control.AttachCall;
import io.varve.control.DaemonCall;
import io.varve.control.DetachCall;
import io.varve.control.GcPauseCall;
import io.varve.control.GcResumeCall;
import io.varve.control.GcStatusCall;
import io.varve.control.LongCall;
import io.varve.control.Methods;
import io.varve.control.SnapshotCreateCall;
import io.varve.control.SnapshotListCall;
import io.varve.control.SnapshotProtectCall;
import io.varve.control.SnapshotRemoveCall;
import io.varve.control.SnapshotRenameCall;
import io.varve.control.SnapshotRollbackCall;
import io.varve.control.StatusCall;
import io.varve.control.StoreInfoCall;
import io.varve.control.VolumeChangesCall;
import io.varve.control.VolumeCloneCall;
import io.varve.control.VolumeCreateCall;
import io.varve.control.VolumeDuCall;
import io.varve.control.VolumeExportCall;
import io.varve.control.VolumeFenceCall;
import io.varve.control.VolumeFlattenCall;
import io.varve.control.VolumeImportCall;
import io.varve.control.VolumeInfoCall;
import io.varve.control.VolumeListCall;
import io.varve.control.VolumeMetadataCall;
import io.varve.control.VolumeRangesCall;
import io.varve.control.VolumeRemoveCall;
import io.varve.control.VolumeRenameCall;
import io.varve.control.VolumeResizeCall;
import io.varve.control.VolumeSetCall;
import io.varve.control.VolumeVerifyCall;
import io.varve.control.rpc.CallContext;
import io.varve.control.rpc.CallHandler;
import io.varve.control.rpc.Json;
import io.varve.lsvd.VolumeException;
import java.io.IOException;

/** Who carries out which call: a call without a line here does not compile. */
final class Calls implements CallHandler {
    private final VolumeScope scope;
    private final AttachWork attachments;
    private final GcWork gc;
    private final VolumeWork volumes;
    private final CloneWork clones;
    private final SnapshotWork snapshots;
    private final TransferWork transfers;
    private final MapWork maps;
    private final StoreWork stores;

    Calls(final AttachWork attachments, final VolumeScope scope) {
        this.scope = scope;
        this.attachments = attachments;
        gc = new GcWork(scope);
        volumes = new VolumeWork(scope);
        clones = new CloneWork(scope);
        snapshots = new SnapshotWork(scope);
        transfers = new TransferWork(scope);
        maps = new MapWork(scope);
        stores = new StoreWork(scope);
    }

    @Override
    public Record carryOut(final DaemonCall<?> call, final CallContext context) {
        try {
            return dispatch(named(call), context);
        } catch (final VolumeException | IOException | RuntimeException | Error e) {
            throw Refusals.of(e, Methods.of(call).name());
        }
    }

    /** The call with the names of the volumes that it is about. */
    private DaemonCall<?> named(final DaemonCall<?> call) {
        return (DaemonCall<?>) Json.withVolumes((Record) call, name -> scope.nameOf(name, call.settings()));
    }

    private Record dispatch(final DaemonCall<?> call, final CallContext context) throws VolumeException, IOException {
        return switch (call) {
            case AttachCall asked -> attachments.attach(asked, context);
            case DetachCall asked -> attachments.detach(asked);
            case StatusCall asked -> attachments.status(asked);
            case GcStatusCall asked -> gc.status(asked);
            case GcPauseCall asked -> gc.pause(asked);
            case GcResumeCall asked -> gc.resume(asked);
            case SnapshotCreateCall asked -> snapshots.create(asked);
            case SnapshotListCall asked -> snapshots.list(asked);
            case SnapshotProtectCall asked -> snapshots.protect(asked);
            case SnapshotRemoveCall asked -> snapshots.remove(asked);
            case SnapshotRenameCall asked -> snapshots.rename(asked);
            case StoreInfoCall asked -> stores.info(asked);
            case VolumeCreateCall asked -> volumes.create(asked);
            case VolumeFenceCall asked -> volumes.fence(asked);
            case VolumeInfoCall asked -> volumes.info(asked);
            case VolumeListCall asked -> volumes.list(asked);
            case VolumeMetadataCall asked -> volumes.metadata(asked);
            case VolumeRenameCall asked -> volumes.rename(asked);
            case VolumeResizeCall asked -> volumes.resize(asked);
            case VolumeSetCall asked -> volumes.set(asked);
            case LongCall<?> asked -> dispatch(asked, context);
        };
    }

    private Record dispatch(final LongCall<?> call, final CallContext context) throws VolumeException, IOException {
        return switch (call) {
            case SnapshotRollbackCall asked -> snapshots.rollBack(asked);
            case VolumeChangesCall asked -> maps.changes(asked, context);
            case VolumeCloneCall asked -> clones.cloneOf(asked);
            case VolumeDuCall asked -> volumes.usage(asked);
            case VolumeExportCall asked -> transfers.exportTo(asked, context);
            case VolumeFlattenCall asked -> clones.flatten(asked, context);
            case VolumeImportCall asked -> transfers.importFrom(asked, context);
            case VolumeRangesCall asked -> maps.ranges(asked);
            case VolumeRemoveCall asked -> volumes.remove(asked, context);
            case VolumeVerifyCall asked -> transfers.verify(asked, context);
        };
    }
}

package io.varve.launcher.control;

import io.varve.control.SnapshotCreateCall;
import io.varve.control.SnapshotDescription;
import io.varve.control.SnapshotListCall;
import io.varve.control.SnapshotProtectCall;
import io.varve.control.SnapshotRemoveCall;
import io.varve.control.SnapshotRenameCall;
import io.varve.control.SnapshotRollbackCall;
import io.varve.control.VolumeCloneCall;
import io.varve.control.VolumeCreateCall;
import io.varve.control.VolumeDuCall;
import io.varve.control.VolumeFlattenCall;
import io.varve.control.VolumeInfoCall;
import io.varve.control.VolumeListCall;
import io.varve.control.VolumeMetadataCall;
import io.varve.control.VolumeRemoveCall;
import io.varve.control.VolumeRenameCall;
import io.varve.control.VolumeResizeCall;
import io.varve.control.VolumeSetCall;
import io.varve.control.rpc.ControlClient;
import io.varve.launcher.volume.Descriptions;
import io.varve.launcher.volume.SnapshotName;
import io.varve.launcher.volume.VolumeSettingText;
import io.varve.launcher.volume.Volumes;
import io.varve.lsvd.RemovalListener;
import io.varve.lsvd.VolumeInfo;
import io.varve.lsvd.VolumeUsage;
import io.varve.lsvd.format.VolumeSettings;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongConsumer;

/** The volumes of a daemon's store. */
public final class RemoteVolumes implements Volumes {
    private final ControlClient daemon;
    private final Map<String, String> settings;

    /**
     * The volumes of a daemon's store, or of another one that it can reach.
     *
     * @param settings that differ from the daemon's, by key.
     */
    public RemoteVolumes(final ControlClient daemon, final Map<String, String> settings) {
        this.daemon = daemon;
        this.settings = settings;
    }

    @Override
    public VolumeInfo create(final String name, final VolumeSettings volume, final boolean allowsUnfitStore) {
        return Descriptions.info(daemon.call(new VolumeCreateCall(
                name, volume.sizeBytes(), Descriptions.of(volume), allowsUnfitStore, null, settings)));
    }

    @Override
    public List<VolumeInfo> list() {
        return daemon.call(new VolumeListCall(null, 0, false, settings)).volumes().stream()
                .map(Descriptions::info)
                .toList();
    }

    @Override
    public VolumeInfo info(final String name) {
        return Descriptions.info(daemon.call(new VolumeInfoCall(name, settings)));
    }

    @Override
    public VolumeUsage usage(final String name) {
        return Descriptions.usage(daemon.call(new VolumeDuCall(name, settings)));
    }

    @Override
    public VolumeInfo set(final String name, final Map<VolumeSettingText, String> changes) {
        return Descriptions.info(daemon.call(new VolumeSetCall(name, texts(changes), settings)));
    }

    @Override
    public VolumeInfo rename(final String name, final String to) {
        return Descriptions.info(daemon.call(new VolumeRenameCall(name, to, settings)));
    }

    @Override
    public Map<String, String> metadata(final String name) {
        return changeMetadata(name, Map.of(), List.of());
    }

    @Override
    public Map<String, String> changeMetadata(
            final String name, final Map<String, String> set, final List<String> remove) {
        return daemon.call(new VolumeMetadataCall(name, set, remove, settings)).metadata();
    }

    @Override
    public VolumeInfo resize(final String name, final long sizeBytes, final boolean allowsShrink) {
        return Descriptions.info(daemon.call(new VolumeResizeCall(name, sizeBytes, allowsShrink, settings)));
    }

    @Override
    public VolumeInfo cloneOf(
            final SnapshotName from,
            final String name,
            final long sizeBytes,
            final Map<VolumeSettingText, String> changes) {
        return Descriptions.info(
                daemon.call(new VolumeCloneCall(name, from.toString(), sizeBytes, texts(changes), null, settings)));
    }

    @Override
    public void flatten(final String name, final LongConsumer bytesLeft) {
        VolumeFlattenCall.Answer answer = daemon.call(new VolumeFlattenCall(name, settings));
        while (!answer.flat()) {
            bytesLeft.accept(answer.inheritedBytes());
            answer = daemon.call(new VolumeFlattenCall(name, settings));
        }
    }

    @Override
    public SnapshotDescription createSnapshot(final SnapshotName name) {
        return daemon.call(new SnapshotCreateCall(name.volume(), name.snapshot(), settings));
    }

    @Override
    public List<SnapshotDescription> listSnapshots(final String volume) {
        return daemon.call(new SnapshotListCall(volume, null, 0, settings)).snapshots();
    }

    @Override
    public boolean removeSnapshot(final SnapshotName name) {
        return daemon.call(new SnapshotRemoveCall(name.volume(), name.snapshot(), settings))
                .removed();
    }

    @Override
    public SnapshotDescription renameSnapshot(final SnapshotName name, final String to) {
        return daemon.call(new SnapshotRenameCall(name.volume(), name.snapshot(), to, settings));
    }

    @Override
    public SnapshotDescription protectSnapshot(final SnapshotName name, final boolean isProtected) {
        return daemon.call(new SnapshotProtectCall(name.volume(), name.snapshot(), isProtected, settings));
    }

    @Override
    public VolumeInfo rollBack(final SnapshotName name) {
        return Descriptions.info(daemon.call(new SnapshotRollbackCall(name.volume(), name.snapshot(), settings)));
    }

    @Override
    public boolean remove(final String name, final RemovalListener listener) {
        return daemon.call(new VolumeRemoveCall(name, settings)).removed();
    }

    private static Map<String, String> texts(final Map<VolumeSettingText, String> changes) {
        final Map<String, String> texts = new LinkedHashMap<>();
        changes.forEach((setting, text) -> texts.put(setting.key(), text));
        return texts;
    }
}

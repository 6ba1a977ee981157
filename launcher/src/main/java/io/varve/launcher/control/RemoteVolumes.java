package io.varve.launcher.control;

import io.varve.launcher.volume.SnapshotInfo;
import io.varve.launcher.volume.SnapshotName;
import io.varve.launcher.volume.VolumeJson;
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
        final Map<String, Object> params = params(name);
        params.put("size_bytes", volume.sizeBytes());
        params.putAll(VolumeJson.ofSettings(volume));
        params.put("allow_unfit_store", allowsUnfitStore);
        return VolumeJson.info(daemon.call("volume.create", params));
    }

    @Override
    public List<VolumeInfo> list() {
        final List<?> volumes = (List<?>)
                daemon.call("volume.list", Map.of("settings", settings)).get("volumes");
        return volumes.stream()
                .map(fields -> VolumeJson.info((Map<?, ?>) fields))
                .toList();
    }

    @Override
    public VolumeInfo info(final String name) {
        return VolumeJson.info(daemon.call("volume.info", params(name)));
    }

    @Override
    public VolumeUsage usage(final String name) {
        return VolumeJson.usage(daemon.call("volume.du", params(name)));
    }

    @Override
    public VolumeInfo set(final String name, final Map<VolumeSettingText, String> changes) {
        final Map<String, Object> params = params(name);
        params.put("changes", texts(changes));
        return VolumeJson.info(daemon.call("volume.set", params));
    }

    @Override
    public VolumeInfo resize(final String name, final long sizeBytes, final boolean allowsShrink) {
        final Map<String, Object> params = params(name);
        params.put("size_bytes", sizeBytes);
        params.put("allow_shrink", allowsShrink);
        return VolumeJson.info(daemon.call("volume.resize", params));
    }

    @Override
    public VolumeInfo cloneOf(
            final SnapshotName from,
            final String name,
            final long sizeBytes,
            final Map<VolumeSettingText, String> changes) {
        final Map<String, Object> params = params(name);
        params.put("changes", texts(changes));
        params.put("from", from.toString());
        params.put("size_bytes", sizeBytes);
        return VolumeJson.info(daemon.call("volume.clone", params));
    }

    @Override
    public void flatten(final String name, final LongConsumer bytesLeft) {
        while (true) {
            final Map<String, Object> answer = daemon.call("volume.flatten", params(name));
            if (Boolean.TRUE.equals(answer.get("flat"))) {
                return;
            }
            bytesLeft.accept(((Number) answer.get("inherited_bytes")).longValue());
        }
    }

    @Override
    public SnapshotInfo createSnapshot(final SnapshotName name) {
        return SnapshotInfo.ofJson(daemon.call("snapshot.create", snapshot(name)));
    }

    @Override
    public List<SnapshotInfo> listSnapshots(final String volume) {
        final List<?> snapshots =
                (List<?>) daemon.call("snapshot.list", params(volume)).get("snapshots");
        return snapshots.stream()
                .map(fields -> SnapshotInfo.ofJson((Map<?, ?>) fields))
                .toList();
    }

    @Override
    public boolean removeSnapshot(final SnapshotName name) {
        return Boolean.TRUE.equals(
                daemon.call("snapshot.remove", snapshot(name)).get("removed"));
    }

    @Override
    public SnapshotInfo renameSnapshot(final SnapshotName name, final String to) {
        final Map<String, Object> params = snapshot(name);
        params.put("to", to);
        return SnapshotInfo.ofJson(daemon.call("snapshot.rename", params));
    }

    @Override
    public SnapshotInfo protectSnapshot(final SnapshotName name, final boolean isProtected) {
        final Map<String, Object> params = snapshot(name);
        params.put("protected", isProtected);
        return SnapshotInfo.ofJson(daemon.call("snapshot.protect", params));
    }

    @Override
    public VolumeInfo rollBack(final SnapshotName name) {
        return VolumeJson.info(daemon.call("snapshot.rollback", snapshot(name)));
    }

    private Map<String, Object> snapshot(final SnapshotName name) {
        final Map<String, Object> params = params(name.volume());
        params.put("snapshot", name.snapshot());
        return params;
    }

    @Override
    public boolean remove(final String name, final RemovalListener listener) {
        return Boolean.TRUE.equals(daemon.call("volume.remove", params(name)).get("removed"));
    }

    private static Map<String, String> texts(final Map<VolumeSettingText, String> changes) {
        final Map<String, String> texts = new LinkedHashMap<>();
        changes.forEach((setting, text) -> texts.put(setting.key(), text));
        return texts;
    }

    private Map<String, Object> params(final String name) {
        final Map<String, Object> params = new LinkedHashMap<>();
        params.put("volume", name);
        params.put("settings", settings);
        return params;
    }
}

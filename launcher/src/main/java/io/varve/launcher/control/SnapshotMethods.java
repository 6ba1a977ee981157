package io.varve.launcher.control;

import io.varve.launcher.UserException;
import io.varve.launcher.daemon.Daemon;
import io.varve.launcher.daemon.ServedVolume;
import io.varve.launcher.volume.SnapshotInfo;
import io.varve.launcher.volume.SnapshotName;
import io.varve.launcher.volume.StoreVolumes;
import io.varve.launcher.volume.VolumeJson;
import io.varve.launcher.volume.VolumeSettingText;
import io.varve.lsvd.VolumeException;
import io.varve.lsvd.gc.SpaceStats;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;

/** {@code snapshot.create} and the like: what {@code varve snapshot} does, by the daemon. */
final class SnapshotMethods {
    private static final long STORED_LIMIT_NS = TimeUnit.SECONDS.toNanos(120);
    private static final long LOOK_MS = 20;

    /** How long a call flattens before it tells how far it is. */
    private static final long FLATTEN_STEP_NS = TimeUnit.SECONDS.toNanos(1);

    private final Daemon daemon;
    private final VolumeMethods volumes;

    SnapshotMethods(final Daemon daemon, final VolumeMethods volumes) {
        this.daemon = daemon;
        this.volumes = volumes;
    }

    void addTo(final Map<String, ControlMethod> methods) {
        methods.put("volume.clone", this::cloneOf);
        methods.put("volume.flatten", this::flatten);
        methods.put("snapshot.create", this::create);
        methods.put("snapshot.list", this::list);
        methods.put("snapshot.remove", this::remove);
        methods.put("snapshot.rename", this::rename);
        methods.put("snapshot.protect", this::protect);
        methods.put("snapshot.rollback", this::rollBack);
    }

    private static SnapshotName name(final Params params) throws RpcException {
        return new SnapshotName(params.required("volume"), SnapshotName.check(params.required("snapshot")));
    }

    private Object cloneOf(final Map<String, Object> values) throws VolumeException, RpcException {
        final Params params = VolumeMethods.params(values, "volume", "from", "size_bytes", "changes");
        final String name = params.required("volume");
        final SnapshotName from = SnapshotName.parse(params.required("from"));
        final long size = params.number("size_bytes", 0);
        final Map<VolumeSettingText, String> changes = VolumeMethods.changes(params);
        return VolumeJson.ofVolume(volumes.with(params, all -> all.cloneOf(from, name, size, changes)));
    }

    /** Goes on for a while, of a volume that this daemon serves under its guest, and answers how far it is. */
    private Object flatten(final Map<String, Object> values) throws VolumeException, RpcException {
        final Params params = VolumeMethods.params(values, "volume");
        final String name = params.required("volume");
        final ServedVolume served = volumes.servedToWrite(name);
        final Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("volume", name);
        if (served == null) {
            volumes.with(params, all -> {
                all.flatten(name, left -> {});
                return null;
            });
            answer.put("flat", true);
            return answer;
        }
        volumes.with(params, all -> {
            all.requireFlattenable(name);
            return null;
        });
        final long startNs = System.nanoTime();
        SpaceStats space = served.commands().flatten();
        while (!space.isFlat() && System.nanoTime() - startNs < FLATTEN_STEP_NS) {
            pause();
            space = served.commands().flatten();
        }
        if (space.isFlat()) {
            volumes.with(params, all -> {
                all.cutTies(name);
                return null;
            });
        }
        answer.put("flat", space.isFlat());
        answer.put("inherited_bytes", space.inheritedBytes());
        return answer;
    }

    /** Of a volume that this daemon serves the snapshot is taken between two requests of its guest. */
    private Object create(final Map<String, Object> values) throws VolumeException, RpcException {
        final Params params = VolumeMethods.params(values, "volume", "snapshot");
        final SnapshotName name = name(params);
        final ServedVolume served = volumes.servedToWrite(name.volume());
        if (served == null) {
            return volumes.with(params, all -> all.createSnapshot(name)).toJson();
        }
        return volumes.with(params, all -> take(served, name, all));
    }

    private static Map<String, Object> take(
            final ServedVolume served, final SnapshotName name, final StoreVolumes volumes) throws VolumeException {
        volumes.requireFree(name);
        final long startNs = System.nanoTime();
        try {
            served.commands().snapshot(name.snapshot()).join();
        } catch (final CompletionException e) {
            throw e.getCause() instanceof UserException known ? known : e;
        }
        final long takenNs = System.nanoTime() - startNs;
        while (true) {
            for (final SnapshotInfo info : volumes.listSnapshots(name.volume())) {
                if (info.name().equals(name.snapshot())) {
                    return info.withTaken(TimeUnit.NANOSECONDS.toMicros(takenNs))
                            .toJson();
                }
            }
            if (System.nanoTime() - startNs > STORED_LIMIT_NS) {
                throw new UserException("snapshot '" + name + "' is taken, and in the local log; it will be there for"
                        + " others once the store takes what comes before it");
            }
            pause();
        }
    }

    private static void pause() {
        try {
            Thread.sleep(LOOK_MS);
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UserException("the daemon ends; what was asked for goes on when it is started again", e);
        }
    }

    private Object list(final Map<String, Object> values) throws VolumeException, RpcException {
        final Params params = VolumeMethods.params(values, "volume");
        final String volume = params.required("volume");
        return Map.of(
                "snapshots",
                volumes.with(params, all -> all.listSnapshots(volume)).stream()
                        .map(SnapshotInfo::toJson)
                        .toList());
    }

    private Object remove(final Map<String, Object> values) throws VolumeException, RpcException {
        final Params params = VolumeMethods.params(values, "volume", "snapshot");
        final SnapshotName name = name(params);
        final Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("name", name.toString());
        answer.put("removed", volumes.with(params, all -> all.removeSnapshot(name)));
        return answer;
    }

    private Object rename(final Map<String, Object> values) throws VolumeException, RpcException {
        final Params params = VolumeMethods.params(values, "volume", "snapshot", "to");
        final SnapshotName name = name(params);
        final String to = SnapshotName.check(params.required("to"));
        return volumes.with(params, all -> all.renameSnapshot(name, to)).toJson();
    }

    private Object protect(final Map<String, Object> values) throws VolumeException, RpcException {
        final Params params = VolumeMethods.params(values, "volume", "snapshot", "protected");
        final SnapshotName name = name(params);
        final boolean isProtected = params.flag("protected");
        return volumes.with(params, all -> all.protectSnapshot(name, isProtected))
                .toJson();
    }

    private Object rollBack(final Map<String, Object> values) throws VolumeException, RpcException {
        final Params params = VolumeMethods.params(values, "volume", "snapshot");
        final SnapshotName name = name(params);
        return VolumeJson.ofVolume(volumes.with(params, all -> {
            all.requireSnapshot(name);
            if (daemon.volume(name.volume()) != null) {
                throw new UserException("volume '" + name.volume() + "' is attached: detach it first");
            }
            return all.rollBack(name);
        }));
    }
}

package io.varve.launcher.control;

import io.varve.launcher.UserException;
import io.varve.launcher.config.Setting;
import io.varve.launcher.config.Settings;
import io.varve.launcher.daemon.Daemon;
import io.varve.launcher.daemon.ServedVolume;
import io.varve.launcher.volume.StoreVolumes;
import io.varve.launcher.volume.VolumeJson;
import io.varve.launcher.volume.VolumeSettingText;
import io.varve.lsvd.RemovalListener;
import io.varve.lsvd.VolumeCatalog;
import io.varve.lsvd.VolumeException;
import io.varve.lsvd.VolumeInfo;
import io.varve.lsvd.format.VolumeSettings;
import io.varve.lsvd.store.ObjectStore;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletionException;
import java.util.function.Function;

/** {@code volume.create} and the like: what {@code varve volume} does, by the daemon. */
final class VolumeMethods {
    private final Daemon daemon;
    private final Settings settings;
    private final Function<Settings, ObjectStore> store;

    VolumeMethods(final Daemon daemon, final Settings settings, final Function<Settings, ObjectStore> store) {
        this.daemon = daemon;
        this.settings = settings;
        this.store = store;
    }

    /** What is done with the volumes of the store that a call is about. */
    @FunctionalInterface
    interface Action<T> {
        T on(StoreVolumes volumes) throws VolumeException, RpcException;
    }

    void addTo(final Map<String, ControlMethod> methods) {
        methods.put("volume.create", this::create);
        methods.put("volume.list", this::list);
        methods.put("volume.info", this::info);
        methods.put("volume.du", this::usage);
        methods.put("volume.set", this::set);
        methods.put("volume.resize", this::resize);
        methods.put("volume.remove", this::remove);
        new SnapshotMethods(daemon, this).addTo(methods);
    }

    static Params params(final Map<String, Object> values, final String... more) throws RpcException {
        final Set<String> known = new TreeSet<>(Arrays.asList(more));
        known.add("settings");
        return new Params(values, known);
    }

    /** The volume if this daemon serves it and may write; else null, also when it only reads it: then it is changed as one at rest. */
    ServedVolume servedToWrite(final String name) {
        final ServedVolume served = daemon.volume(name);
        return served == null || served.options().opening().isReadOnly() ? null : served;
    }

    /** Does it in the store that a volume is served from, unless another is named. */
    <T> T with(final Params params, final Action<T> action) throws VolumeException, RpcException {
        final Map<String, String> given = params.strings("settings");
        final String name = params.string("volume");
        final ServedVolume served = name == null || !given.isEmpty() ? null : daemon.volume(name);
        if (served == null) {
            final Settings own = settings.with(given, Setting.OF_VOLUME);
            own.get(Setting.STORE).requireUseful(given.keySet());
            try (ObjectStore opened = store.apply(own)) {
                return action.on(new StoreVolumes(opened, own));
            }
        }
        final String cache = served.options().cacheDirectory().toString();
        try (ObjectStore opened = served.options().store().open()) {
            return action.on(new StoreVolumes(
                    opened, settings.with(Map.of(Setting.CACHE.key(), cache), Setting.OF_VOLUME)));
        }
    }

    private Object create(final Map<String, Object> values) throws VolumeException, RpcException {
        final Params params = params(
                values,
                "volume",
                "size_bytes",
                "durability",
                "max_unsent_bytes",
                "max_unsent_age_ms",
                "fence_timeout_ms",
                "allow_unfit_store");
        final String name = params.required("volume");
        VolumeSettings volume = VolumeSettings.ofSize(params.number("size_bytes", 0))
                .withMaxUnsentBytes(params.number("max_unsent_bytes", 0))
                .withMaxUnsentAgeMs(params.number("max_unsent_age_ms", 0))
                .withFenceTimeoutMs(params.number("fence_timeout_ms", 0));
        final String durability = params.string("durability");
        if (durability != null) {
            volume = VolumeSettingText.DURABILITY.set(volume, durability, "durability");
        }
        final VolumeSettings asked = volume;
        final boolean allowsUnfitStore = params.flag("allow_unfit_store");
        return VolumeJson.ofVolume(with(params, volumes -> volumes.create(name, asked, allowsUnfitStore)));
    }

    private Object list(final Map<String, Object> values) throws VolumeException, RpcException {
        final List<VolumeInfo> all = with(params(values), StoreVolumes::list);
        return Map.of("volumes", all.stream().map(VolumeJson::ofVolume).toList());
    }

    private Object info(final Map<String, Object> values) throws VolumeException, RpcException {
        final Params params = params(values, "volume");
        final String name = params.required("volume");
        return VolumeJson.ofVolume(with(params, volumes -> volumes.info(name)));
    }

    private Object usage(final Map<String, Object> values) throws VolumeException, RpcException {
        final Params params = params(values, "volume");
        final String name = params.required("volume");
        return VolumeJson.ofUsage(with(params, volumes -> volumes.usage(name)));
    }

    private Object set(final Map<String, Object> values) throws VolumeException, RpcException {
        final Params params = params(values, "volume", "changes");
        final String name = params.required("volume");
        final Map<VolumeSettingText, String> changes = changes(params);
        return VolumeJson.ofVolume(with(params, volumes -> volumes.set(name, changes)));
    }

    static Map<VolumeSettingText, String> changes(final Params params) throws RpcException {
        return VolumeSettingText.parse(params.strings("changes").entrySet().stream()
                .map(change -> change.getKey() + "=" + change.getValue())
                .toList());
    }

    private Object remove(final Map<String, Object> values) throws VolumeException, RpcException {
        final Params params = params(values, "volume");
        final String name = params.required("volume");
        if (daemon.volume(name) != null && params.strings("settings").isEmpty()) {
            throw new UserException("volume '" + name + "' is attached: detach it first");
        }
        final Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("name", name);
        answer.put("removed", with(params, volumes -> volumes.remove(name, RemovalListener.NONE)));
        return answer;
    }

    /** A volume that this daemon serves grows under its guest. */
    private Object resize(final Map<String, Object> values) throws VolumeException, RpcException {
        final Params params = params(values, "volume", "size_bytes", "allow_shrink");
        final String name = params.required("volume");
        final long sizeBytes = params.number("size_bytes", 0);
        final boolean allowsShrink = params.flag("allow_shrink");
        final ServedVolume served = daemon.volume(name);
        if (served == null) {
            return VolumeJson.ofVolume(with(params, volumes -> volumes.resize(name, sizeBytes, allowsShrink)));
        }
        if (!params.strings("settings").isEmpty()) {
            throw new UserException(
                    "volume '" + name + "' is attached: it is resized where it is, so name no store and no cache");
        }
        return VolumeJson.ofVolume(grow(served, sizeBytes, allowsShrink));
    }

    private static VolumeInfo grow(final ServedVolume served, final long sizeBytes, final boolean allowsShrink)
            throws VolumeException {
        final String name = served.options().name();
        if (served.status().sizeBytes() == 0) {
            throw new UserException("volume '" + name + "' is attached and not open: 'varve status' tells why");
        }
        if (sizeBytes < served.status().sizeBytes()) {
            throw new UserException("volume '" + name + "' is attached, and can only grow: detach it to make it smaller"
                    + (allowsShrink ? "" : ", and say --allow-shrink: what lies beyond is lost for good"));
        }
        try (ObjectStore store = served.options().store().open()) {
            final VolumeInfo info = new VolumeCatalog(store).grow(name, sizeBytes);
            served.commands().grow(info.sizeBytes()).join();
            return info;
        } catch (final CompletionException e) {
            throw e.getCause() instanceof UserException known ? known : e;
        }
    }
}

package io.varve.launcher.control;

import io.varve.launcher.UserException;
import io.varve.launcher.daemon.Daemon;
import io.varve.launcher.daemon.ServedVolume;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/** {@code gc.status}, {@code gc.pause} and {@code gc.resume}. */
final class GcMethods {
    private final Daemon daemon;

    GcMethods(final Daemon daemon) {
        this.daemon = daemon;
    }

    void addTo(final Map<String, ControlMethod> methods) {
        methods.put("gc.status", this::status);
        methods.put("gc.pause", values -> pause(values, true));
        methods.put("gc.resume", values -> pause(values, false));
    }

    private Map<String, Object> status(final Map<String, Object> values) throws RpcException {
        return describe(volume(values));
    }

    private Map<String, Object> pause(final Map<String, Object> values, final boolean value) throws RpcException {
        final ServedVolume volume = volume(values);
        volume.commands().pauseCollection(value);
        return describe(volume);
    }

    private ServedVolume volume(final Map<String, Object> values) throws RpcException {
        final String name = new Params(values, Set.of("volume")).required("volume");
        final ServedVolume volume = daemon.volume(name);
        if (volume == null) {
            throw new UserException("volume '" + name + "' is not attached");
        }
        return volume;
    }

    private static Map<String, Object> describe(final ServedVolume volume) {
        final Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("volume", volume.options().name());
        fields.put("gc_space", volume.options().gcPolicy().space());
        fields.put("gc_garbage", volume.options().gcPolicy().garbage());
        fields.put("gc_rate", volume.options().gcPolicy().rate());
        fields.putAll(StatusJson.of(volume.commands().space()));
        return fields;
    }
}

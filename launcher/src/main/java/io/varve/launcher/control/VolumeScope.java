package io.varve.launcher.control;

import io.varve.control.ErrorKind;
import io.varve.control.Event;
import io.varve.control.rpc.Events;
import io.varve.launcher.UserException;
import io.varve.launcher.config.Setting;
import io.varve.launcher.config.Settings;
import io.varve.launcher.daemon.Daemon;
import io.varve.launcher.daemon.ServedVolume;
import io.varve.launcher.volume.StoreVolumes;
import io.varve.lsvd.VolumeCatalog;
import io.varve.lsvd.VolumeException;
import io.varve.lsvd.store.ObjectStore;
import java.io.IOException;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Pattern;

/**
 * Where the volumes of a call are: in the store that one is served from, else in the one that the call names, else in the daemon's.
 *
 * @param settings of the daemon.
 * @param store    opens a store according to settings.
 * @param events   are told of changes.
 */
record VolumeScope(Daemon daemon, Settings settings, Function<Settings, ObjectStore> store, Events events) {
    private static final Pattern UUID_FORM =
            Pattern.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}");

    /** What is done with the volumes of a store. */
    @FunctionalInterface
    interface Action<T> {
        T on(StoreVolumes volumes) throws VolumeException;
    }

    /** What is done with a store. */
    @FunctionalInterface
    interface StoreAction<T> {
        T on(ObjectStore store, Settings settings) throws VolumeException, IOException;
    }

    /**
     * The name of a volume that is given by its name or, where none has that name, by its uuid; what it is given by where there is none. May
     * be that of a snapshot, {@code VOLUME@SNAPSHOT}.
     *
     * @param given settings of the call.
     */
    String nameOf(final String nameOrUuid, final Map<String, String> given) {
        final int at = nameOrUuid.indexOf('@');
        final String volume = at < 0 ? nameOrUuid : nameOrUuid.substring(0, at);
        if (!UUID_FORM.matcher(volume).matches() || daemon.volume(volume) != null) {
            return nameOrUuid;
        }
        return nameOfUuid(volume, given) + (at < 0 ? "" : nameOrUuid.substring(at));
    }

    private String nameOfUuid(final String uuid, final Map<String, String> given) {
        for (final ServedVolume served : daemon.volumes()) {
            if (served.status().uuid() != null
                    && served.status().uuid().toString().equals(uuid)) {
                final String name = served.options().name();
                return name.indexOf('@') < 0 ? name : name.substring(0, name.indexOf('@'));
            }
        }
        try {
            return withStore(null, given, (opened, own) -> new VolumeCatalog(opened).nameOf(uuid));
        } catch (final VolumeException e) {
            if (e.kind() == VolumeException.Kind.NOT_FOUND) {
                return uuid;
            }
            throw Refusals.of(e, "look-up of a uuid");
        } catch (final IOException e) {
            throw Refusals.of(e, "look-up of a uuid");
        }
    }

    /** The volume if this daemon serves it and may write; else null, also when it only reads it: then it is changed as one at rest. */
    ServedVolume servedToWrite(final String name) {
        final ServedVolume served = daemon.volume(name);
        return served == null || served.options().opening().isReadOnly() ? null : served;
    }

    /** The volume that this daemon serves. */
    ServedVolume served(final String name) {
        final ServedVolume volume = daemon.volume(name);
        if (volume == null) {
            throw new UserException(ErrorKind.NOT_FOUND, "volume '" + name + "' is not attached");
        }
        return volume;
    }

    /** Refuses what can't be done with a volume that this daemon serves. */
    void requireDetached(final String name) {
        if (daemon.volume(name) != null) {
            throw new UserException(ErrorKind.BUSY, "volume '" + name + "' is attached: detach it first");
        }
    }

    /**
     * Does it in the store of a volume.
     *
     * @param name  of the volume; null where it is about none.
     * @param given settings of the call.
     */
    <T> T with(final String name, final Map<String, String> given, final Action<T> action) throws VolumeException {
        try {
            return withStore(name, given, (opened, own) -> action.on(new StoreVolumes(opened, own)));
        } catch (final IOException e) {
            throw new VolumeException(e.getMessage(), e);
        }
    }

    /** Does it with the store of a volume. */
    <T> T withStore(final String name, final Map<String, String> given, final StoreAction<T> action)
            throws VolumeException, IOException {
        final ServedVolume served = name == null || !given.isEmpty() ? null : daemon.volume(name);
        if (served == null) {
            final Settings own = settings.with(given, Setting.OF_VOLUME);
            own.get(Setting.STORE).requireUseful(given.keySet());
            try (ObjectStore opened = store.apply(own)) {
                return action.on(opened, own);
            }
        }
        final String cache = served.options().cacheDirectory().toString();
        try (ObjectStore opened = served.options().store().open()) {
            return action.on(opened, settings.with(Map.of(Setting.CACHE.key(), cache), Setting.OF_VOLUME));
        }
    }

    /** Tells of a change of a volume. */
    void tell(final Event.Type type, final String volume) {
        events.tell(type, volume);
    }

    /** Tells of a change of a snapshot. */
    void tell(final Event.Type type, final String volume, final String snapshot) {
        events.tell(type, volume, snapshot, null);
    }
}

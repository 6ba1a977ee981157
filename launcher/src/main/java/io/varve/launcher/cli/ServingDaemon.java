package io.varve.launcher.cli;

import io.varve.control.ControlException;
import io.varve.control.rpc.ControlClient;
import io.varve.launcher.config.Setting;
import io.varve.launcher.config.Settings;
import io.varve.launcher.control.LiveFigures;
import io.varve.launcher.volume.VolumeInUseException;
import io.varve.lsvd.VolumeCatalog;
import io.varve.lsvd.VolumeException;
import io.varve.lsvd.store.ObjectStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.function.Supplier;

/** Finds the daemon of this host that serves a volume, so that a command on it goes through that daemon. */
final class ServingDaemon {
    private final ControlOption control;
    private final Settings settings;
    private final boolean isStoreNamed;
    private final Supplier<ObjectStore> store;

    /**
     * A search.
     *
     * @param settings     with what was given on the command line.
     * @param isStoreNamed whether the store was.
     * @param store        opens the store that they name.
     */
    ServingDaemon(
            final ControlOption control,
            final Settings settings,
            final boolean isStoreNamed,
            final Supplier<ObjectStore> store) {
        this.control = control;
        this.settings = settings;
        this.isStoreNamed = isStoreNamed;
        this.store = store;
    }

    /** Opens the store. */
    ObjectStore openStore() {
        return store.get();
    }

    /**
     * The daemon that the option names, or else the one at the control socket of the settings, if it is there and serves the
     * volume.
     *
     * @param volume its name; null when no one volume is meant.
     * @return null when the command is to be done here.
     */
    ControlClient find(final String volume) {
        if (control.isGiven()) {
            return control.connect(settings);
        }
        return volume == null
                ? null
                : serving(
                        settings.get(Setting.CONTROL),
                        fields -> volume.equals(fields.get("volume")) && isMeant(volume, fields.get("uuid")));
    }

    /**
     * The daemon that has told, beside the log of a volume, where it is asked. What it has told may be old: it counts if that daemon is
     * there and serves this very volume.
     *
     * @param refusal is thrown when there is none.
     */
    ControlClient ofLog(final VolumeInUseException refusal) throws VolumeException {
        final Map<String, Object> live;
        try {
            live = LiveFigures.of(settings.get(Setting.CACHE), refusal.uuid());
        } catch (final IOException e) {
            throw new VolumeException("cannot read live figures: " + e.getMessage(), e);
        }
        final ControlClient daemon = live != null && live.get(LiveFigures.CONTROL_PATH) instanceof String path
                ? serving(Path.of(path), fields -> refusal.uuid().toString().equals(fields.get("uuid")))
                : null;
        if (daemon == null) {
            throw refusal;
        }
        return daemon;
    }

    /** The daemon at a socket, if it is there and serves a volume that is wanted; else null. */
    private static ControlClient serving(final Path socket, final Predicate<Map<?, ?>> isWanted) {
        final ControlClient daemon;
        try {
            daemon = ControlClient.connect(socket);
        } catch (final ControlException e) {
            // None is there that may be asked.
            return null;
        }
        boolean isFound = false;
        try {
            isFound = statusOf(daemon).get("volumes") instanceof List<?> volumes
                    && volumes.stream().anyMatch(one -> one instanceof Map<?, ?> fields && isWanted.test(fields));
            return isFound ? daemon : null;
        } finally {
            if (!isFound) {
                daemon.close();
            }
        }
    }

    /** One that is just ending serves nothing any more. */
    private static Map<String, Object> statusOf(final ControlClient daemon) {
        try {
            return daemon.call("status", Map.of());
        } catch (final ControlException e) {
            return Map.of();
        }
    }

    /**
     * Whether it is the one in the store that was named; where none was, it need not be in the default one. A daemon that has not
     * opened it yet can't tell.
     */
    private boolean isMeant(final String volume, final Object uuid) {
        if (uuid == null) {
            return !isStoreNamed;
        }
        try (ObjectStore opened = store.get()) {
            return new VolumeCatalog(opened).find(volume).toString().equals(uuid);
        } catch (final VolumeException e) {
            return settings.isDefault(Setting.STORE, null);
        }
    }
}

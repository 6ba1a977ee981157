package io.varve.launcher.control;

import io.varve.launcher.UserException;
import io.varve.launcher.config.Setting;
import io.varve.launcher.config.Settings;
import io.varve.launcher.daemon.Daemon;
import io.varve.launcher.daemon.ListeningSocket;
import io.varve.launcher.daemon.SocketAccess;
import io.varve.linux.ErrnoException;
import io.varve.lsvd.store.ObjectStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Function;

/** Puts a daemon under the control of a socket. */
public final class Control {
    private Control() {}

    /**
     * Listens at the control socket that the settings name. A missing directory of the default is made, for the user only.
     *
     * @throws UserException when that can't be done.
     */
    public static ListeningSocket listen(final Settings settings) {
        final Path path = settings.get(Setting.CONTROL);
        if (settings.isDefault(Setting.CONTROL, null)) {
            try {
                Files.createDirectories(path.getParent());
            } catch (final IOException e) {
                throw new UserException(
                        "cannot make " + path.getParent() + ": name a control socket that you may make with --control",
                        e);
            }
        }
        return ListeningSocket.listen(path, SocketAccess.ofControl(settings));
    }

    /**
     * Attaches again what was attached before, and begins to accept calls.
     *
     * @param daemon   is controlled.
     * @param settings hold where an attached volume says nothing else.
     * @param store    opens a store according to settings.
     * @param listener closed with the server.
     * @param complain is told, in one line each, what can't be attached again.
     * @throws UserException when the list of what was attached is damaged, or there are not enough descriptors.
     */
    public static ControlServer start(
            final Daemon daemon,
            final Settings settings,
            final Function<Settings, ObjectStore> store,
            final ListeningSocket listener,
            final Consumer<String> complain) {
        final DaemonMethods methods =
                new DaemonMethods(daemon, settings, store, new Attachments(settings.get(Setting.CONTROL)));
        methods.restore(complain);
        try {
            return new ControlServer(listener, methods(methods, daemon, settings, store));
        } catch (final ErrnoException e) {
            throw new UserException("cannot set up the control socket: " + e.getMessage(), e);
        }
    }

    /** All methods by name. */
    static Map<String, ControlMethod> methods(
            final DaemonMethods methods,
            final Daemon daemon,
            final Settings settings,
            final Function<Settings, ObjectStore> store) {
        final Map<String, ControlMethod> byName = new TreeMap<>();
        byName.put("attach", methods::attach);
        byName.put("detach", methods::detach);
        byName.put("status", methods::status);
        new GcMethods(daemon).addTo(byName);
        new VolumeMethods(daemon, settings, store).addTo(byName);
        return byName;
    }
}

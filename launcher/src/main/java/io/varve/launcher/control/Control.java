package io.varve.launcher.control;

import io.varve.control.ErrorKind;
import io.varve.control.rpc.ControlService;
import io.varve.control.rpc.Events;
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
        final Events events = new Events();
        daemon.addListener(new EventTeller(events));
        final AttachWork attachments =
                new AttachWork(daemon, settings, store, new Attachments(settings.get(Setting.CONTROL)));
        attachments.restore(complain);
        final Calls calls = new Calls(attachments, new VolumeScope(daemon, settings, store, events));
        try {
            return new ControlServer(listener, new ControlService(calls, events, build()));
        } catch (final ErrnoException e) {
            throw new UserException(ErrorKind.UNAVAILABLE, "cannot set up the control socket: " + e.getMessage(), e);
        }
    }

    /** The daemon's version, as the build wrote it into the jar's manifest. */
    private static String build() {
        final String version = Control.class.getPackage().getImplementationVersion();
        return version == null ? "not built as a jar" : version;
    }
}

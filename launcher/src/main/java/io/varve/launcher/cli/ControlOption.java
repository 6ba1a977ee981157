package io.varve.launcher.cli;

import io.varve.control.ControlException;
import io.varve.control.ErrorKind;
import io.varve.control.rpc.ControlClient;
import io.varve.launcher.UserException;
import io.varve.launcher.config.Setting;
import io.varve.launcher.config.Settings;
import java.nio.file.Path;
import java.util.Map;
import picocli.CommandLine.Option;

/** The {@code --control} option. */
final class ControlOption {
    @Option(
            names = "--control",
            paramLabel = "PATH",
            description =
                    "The daemon's control socket (default: as the settings say, else varve/control.sock in"
                            + " $$XDG_RUNTIME_DIR or /run). A command on a volume that a daemon here serves finds it by itself.")
    private String path;

    /** Whether the option was given. */
    boolean isGiven() {
        return path != null;
    }

    /** Settings over which the option wins. */
    Settings over(final Settings settings) {
        return path == null ? settings : settings.with(Map.of(Setting.CONTROL.key(), path), Setting.OF_CONTROL);
    }

    /** Connects to the daemon. */
    ControlClient connect(final Settings settings) {
        return connect(over(settings).get(Setting.CONTROL));
    }

    /** Connects to the daemon at a socket, or says how to start one. */
    static ControlClient connect(final Path socket) {
        try {
            return ControlClient.connect(socket);
        } catch (final ControlException e) {
            throw e.kind() == ErrorKind.NOT_FOUND
                    ? new UserException(
                            e.kind(),
                            e.getMessage() + ": start one with 'varve daemon', or name its socket with --control",
                            e)
                    : e;
        }
    }
}

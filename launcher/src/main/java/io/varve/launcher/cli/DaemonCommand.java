package io.varve.launcher.cli;

import io.varve.launcher.ExitStatus;
import io.varve.launcher.config.Setting;
import io.varve.launcher.config.Settings;
import io.varve.launcher.control.Control;
import io.varve.launcher.control.ControlServer;
import io.varve.launcher.control.LiveFigures;
import io.varve.launcher.daemon.Foreground;
import io.varve.launcher.daemon.ListeningSocket;
import io.varve.launcher.metrics.MetricsServer;
import io.varve.launcher.store.Stores;
import io.varve.launcher.systemd.ListenFds;
import io.varve.launcher.systemd.ServiceManager;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code varve daemon}: several volumes in one process. */
@Command(
        name = "daemon",
        description =
                "Serve the volumes that 'varve attach' names to QEMU, in the foreground, until SIGTERM or SIGINT.",
        footerHeading = "%nEnd:%n",
        footer = {
            "  The first SIGTERM or SIGINT ships what is unsent of all volumes, side by side, and",
            "  ends with status 0. When the store does not answer in time, or on a second signal,",
            "  it ends with status 0 as well: what is unsent is durable in the logs. Until the",
            "  machine is booted again, the next daemon at the same control socket attaches the",
            "  same volumes at the same sockets.",
        })
final class DaemonCommand extends Subcommand {
    @Mixin
    private ControlOption control;

    @Option(
            names = "--control-mode",
            paramLabel = "MODE",
            description =
                    "Permissions of the control socket (default: 600, for the same user only). Whoever may connect"
                            + " may do with volumes and files what the daemon may.")
    private String controlMode;

    @Option(
            names = "--control-group",
            paramLabel = "GROUP",
            description = "Group of the control socket; useful with --control-mode 660.")
    private String controlGroup;

    @Mixin
    private ServingOptions serving;

    @Mixin
    private ReadCacheOption readCache;

    @Mixin
    private MetricsOption metrics;

    @Override
    public Integer call() {
        final Map<String, String> given = new LinkedHashMap<>();
        ServingOptions.put(given, Setting.CONTROL_MODE, controlMode);
        ServingOptions.put(given, Setting.CONTROL_GROUP, controlGroup);
        final Settings settings =
                readCache.over(serving.over(control.over(settings()))).with(given, Setting.OF_CONTROL);
        settings.get(Setting.STORE).requireUseful(serving.given().keySet());
        final ListeningSocket passed = ListenFds.take(environment());
        if (passed != null) {
            ServingOptions.requireNoAccess(Setting.firstOption(Setting.OF_CONTROL_ACCESS, given.keySet()));
        }
        try (ListeningSocket listener = passed == null ? Control.listen(settings) : passed;
                MetricsServer figures = metrics.listen();
                ServiceManager manager = ServiceManager.of(environment())) {
            return run(settings, listener, figures, new Foreground(out(), err(), manager, false, settings));
        }
    }

    private int run(
            final Settings settings,
            final ListeningSocket listener,
            final MetricsServer figures,
            final Foreground foreground) {
        final ControlServer server =
                Control.start(foreground.daemon(), settings, Stores::open, listener, this::complain);
        final LiveFigures live = LiveFigures.start(foreground.daemon(), settings.get(Setting.CONTROL));
        try {
            out().println("varve: the daemon is ready, its control socket is " + settings.get(Setting.CONTROL));
            if (figures != null) {
                figures.start(() -> foreground.daemon().metrics());
                out().println("Metrics: " + figures.url());
            }
            out().flush();
            foreground.awaitSignal();
            return foreground.awaitEnd(foreground.daemon().volumes()) ? ExitStatus.OK : ExitStatus.FAILED;
        } finally {
            server.close();
            live.close();
        }
    }

    private void complain(final String line) {
        err().println("varve: " + line);
        err().flush();
    }
}

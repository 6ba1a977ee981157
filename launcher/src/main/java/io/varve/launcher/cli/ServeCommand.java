package io.varve.launcher.cli;

import io.varve.launcher.UserException;
import io.varve.launcher.config.Settings;
import io.varve.launcher.control.LiveFigures;
import io.varve.launcher.daemon.ExportPlan;
import io.varve.launcher.daemon.Foreground;
import io.varve.launcher.daemon.ListeningSocket;
import io.varve.launcher.daemon.NbdPlan;
import io.varve.launcher.daemon.SocketAccess;
import io.varve.launcher.daemon.VhostUserPlan;
import io.varve.launcher.daemon.VolumeOptions;
import io.varve.launcher.metrics.MetricsServer;
import io.varve.launcher.store.Stores;
import io.varve.launcher.systemd.ListenFds;
import io.varve.launcher.systemd.ServiceManager;
import io.varve.lsvd.VolumeException;
import io.varve.nbd.NbdTls;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code varve serve}: the daemon of one volume. */
@Command(
        name = "serve",
        description =
                "Serve a volume to QEMU as a vhost-user-blk device, to others over NBD, or both, in the foreground,"
                        + " until SIGTERM or SIGINT.",
        footerHeading = "%nEnd:%n",
        footer = {
            "  The first SIGTERM or SIGINT ships all that is unsent and ends with status 0. When",
            "  the store does not answer in time, or on a second signal, it ends with status 0",
            "  as well and says how much is unsent: that is durable in the log, and the next",
            "  start ships it. When the front-end disconnects, the next one is served.",
            "",
            "Example:",
            "  varve serve data --socket-path /run/user/1000/data.sock",
            "  varve serve data@monday --nbd unix:/run/user/1000/data.nbd --nbd localhost:10809",
        })
final class ServeCommand extends Subcommand {
    static final String PRINT_CAPABILITIES = "--print-capabilities";

    @Parameters(paramLabel = "NAME", description = "Name of the volume.")
    private String name;

    @ArgGroup(exclusive = true, multiplicity = "0..1")
    private SocketOption socket = new SocketOption();

    private static final class SocketOption {
        @Option(
                names = "--socket-path",
                paramLabel = "PATH",
                description = "Where to listen. A socket that a killed daemon left behind is replaced.")
        private Path path;

        @Option(
                names = "--fd",
                paramLabel = "N",
                description =
                        "Listen on this inherited socket instead. One that a service manager passes (LISTEN_FDS) is"
                                + " used when neither is given.")
        private Integer fd;
    }

    @Mixin
    private NbdOption nbd;

    @Mixin
    private ServingOptions serving;

    @Mixin
    private ReadCacheOption readCache;

    @Mixin
    private OpeningOptions opening;

    @Mixin
    private MetricsOption metrics;

    @Option(
            names = PRINT_CAPABILITIES,
            description = "Print what this back-end can do, as QEMU's vhost-user conventions say, and exit.")
    private boolean printCapabilities;

    @Override
    public Integer call() throws VolumeException {
        final Settings settings = readCache.over(serving.over(settings()));
        try (Plans plans = plans(settings);
                ServiceManager manager = ServiceManager.of(environment());
                MetricsServer server = metrics.listen()) {
            final VolumeOptions options = VolumeOptions.of(
                    name,
                    settings,
                    serving.given().keySet(),
                    () -> Stores.open(settings),
                    plans.all,
                    opening.choices());
            final Foreground foreground = new Foreground(out(), err(), manager, true, settings);
            final LiveFigures figures = LiveFigures.start(foreground.daemon(), null);
            try {
                return foreground.serve(options, server);
            } finally {
                figures.close();
            }
        }
    }

    /** What is closed however the command ends. */
    private record Plans(List<ExportPlan> all) implements AutoCloseable {
        @Override
        public void close() {
            all.forEach(ExportPlan::close);
        }
    }

    private Plans plans(final Settings settings) {
        final List<ExportPlan> plans = new ArrayList<>();
        final VhostUserPlan vhostUser = vhostUser(settings);
        if (vhostUser != null) {
            plans.add(vhostUser);
        }
        final NbdTls tls = NbdPlan.tls(nbd.tls());
        for (final String address : nbd.addresses()) {
            plans.add(NbdPlan.at(address, SocketAccess.of(settings), tls));
        }
        return new Plans(List.copyOf(plans));
    }

    /** Null when none is asked for. */
    private VhostUserPlan vhostUser(final Settings settings) {
        if (socket.path != null) {
            return VhostUserPlan.at(socket.path, SocketAccess.of(settings));
        }
        if (!nbd.hasUnixSocket()) {
            serving.requireNoAccess();
        }
        if (socket.fd == null) {
            final ListeningSocket passed = ListenFds.take(environment());
            if (passed != null) {
                return VhostUserPlan.inherited(passed);
            }
            if (nbd.addresses().isEmpty()) {
                throw new UserException(
                        "nowhere to listen at: give --socket-path PATH, --fd N or --nbd ADDRESS, or have a"
                                + " service manager pass a socket (LISTEN_FDS)");
            }
            return null;
        }
        if (socket.fd < 0) {
            throw new UserException("--fd: a descriptor's number is 0 or more, not " + socket.fd);
        }
        return VhostUserPlan.inherited(ListeningSocket.inherited(socket.fd, "--fd"));
    }
}

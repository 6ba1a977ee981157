package io.varve.launcher.cli;

import io.varve.control.rpc.ControlClient;
import io.varve.launcher.ExitStatus;
import io.varve.launcher.config.ByteSize;
import io.varve.launcher.daemon.OpeningChoices;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code varve attach}: has the daemon serve a volume. */
@Command(
        name = "attach",
        description = "Have the daemon serve a volume, and wait until it is ready. Store, cache and the like are the"
                + " daemon's where nothing else is said.",
        footerHeading = "%nExample:%n",
        footer = "  varve attach data")
final class AttachCommand extends Subcommand {
    @Parameters(paramLabel = "VOLUME", description = "Name of the volume.")
    private String volume;

    @Option(
            names = "--socket-path",
            paramLabel = "PATH",
            description = "Where QEMU connects (default: VOLUME.vhost.sock beside the control socket).")
    private Path socket;

    @Mixin
    private NbdOption nbd;

    @Mixin
    private OpeningOptions opening;

    @Mixin
    private ServingOptions serving;

    @Mixin
    private ControlOption control;

    @Option(names = "--json", description = "Answer in JSON.")
    private boolean json;

    @Override
    public Integer call() {
        final OpeningChoices choices = opening.choices();
        final Map<String, Object> params = new LinkedHashMap<>();
        params.put("volume", volume);
        params.put(
                "socket_path", socket == null ? null : socket.toAbsolutePath().toString());
        if (!nbd.addresses().isEmpty()) {
            params.put("nbd", nbd.addresses());
        }
        if (nbd.tls() != null) {
            params.put("nbd_tls", nbd.tls().toString());
        }
        params.put("read_only", choices.isReadOnly());
        params.put("shared", choices.isShared());
        params.put("take_over", choices.isTakeOver());
        params.put("accept_data_loss", choices.acceptsDataLoss());
        params.put("allow_unfit_store", choices.allowsUnfitStore());
        params.put("settings", serving.given());
        try (ControlClient daemon = control.connect(settings())) {
            final Map<String, Object> answer = daemon.call("attach", params);
            if (json) {
                out().println(JsonOutput.answer(answer));
            } else {
                print(answer);
            }
        }
        out().flush();
        return ExitStatus.OK;
    }

    private void print(final Map<String, Object> answer) {
        final long size = ((Number) answer.get("size_bytes")).longValue();
        out().println("Volume " + answer.get("volume") + ", " + ByteSize.format(size)
                + (Boolean.TRUE.equals(answer.get("read_only")) ? ", read-only" : "") + ", is ready at "
                + answer.get("socket_path") + ".");
        if (answer.get("note") != null) {
            out().println("It " + answer.get("note") + ".");
        }
        if (answer.get("nbd") instanceof final List<?> addresses) {
            addresses.forEach(address -> out().println("NBD clients connect at " + address + "."));
        }
        out().println();
        out().println("QEMU arguments: " + answer.get("qemu_arguments"));
        out().println();
        out().println("For a libvirt domain with shared memory:");
        out().println(answer.get("libvirt_xml"));
    }
}

package io.varve.launcher.cli;

import io.varve.control.rpc.ControlClient;
import io.varve.launcher.ExitStatus;
import io.varve.launcher.config.ByteSize;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code varve status}: how the volumes of the daemon are. */
@Command(
        name = "status",
        description = "Show how the volumes of the daemon are.",
        footerHeading = "%nStates:%n",
        footer = {
            "  opening   it waits for the store, or replays its log",
            "  following QEMU can connect; the volume is taken when its guest begins to use it",
            "  taking    a guest waits until the volume is there",
            "  serving   a guest can use it",
            "  ending    it ships what is unsent",
            "  failed    its reactor has failed; attach it again",
        })
final class StatusCommand extends Subcommand {
    @Parameters(paramLabel = "VOLUME", arity = "0..1", description = "Name of a volume (default: all).")
    private String volume;

    @Mixin
    private ControlOption control;

    @Option(names = "--json", description = "Answer in JSON.")
    private boolean json;

    @Override
    public Integer call() {
        try (ControlClient daemon = control.connect(settings())) {
            final Map<String, Object> params = new LinkedHashMap<>();
            params.put("volume", volume);
            final Map<String, Object> answer = daemon.call("status", params);
            if (json) {
                out().println(JsonOutput.answer(answer));
            } else {
                print((List<?>) answer.get("volumes"));
            }
        }
        out().flush();
        return ExitStatus.OK;
    }

    private void print(final List<?> volumes) {
        final TextTable table = new TextTable("lrlrll").row("VOLUME", "SIZE", "STATE", "UNSENT", "FRONT-END", "SOCKET");
        for (final Object each : volumes) {
            final Map<?, ?> fields = (Map<?, ?>) each;
            table.row(
                    text(fields, "volume"),
                    size(fields, "size_bytes"),
                    text(fields, "state"),
                    size(fields, "unsent_bytes"),
                    text(fields, "front_end"),
                    text(fields, "socket_path"));
        }
        table.print(out());
        for (final Object each : volumes) {
            final Map<?, ?> fields = (Map<?, ?>) each;
            printNbd(fields);
            if (fields.get("trouble") != null) {
                out().println(fields.get("volume") + ": " + fields.get("trouble"));
            }
            if (fields.get("note") != null) {
                out().println(fields.get("volume") + " " + fields.get("note"));
            }
            printWaiting(fields);
        }
    }

    private void printWaiting(final Map<?, ?> volume) {
        if (volume.get("exports") instanceof final List<?> exports) {
            for (final Object each : exports) {
                if (each instanceof final Map<?, ?> export && export.get("waiting") != null) {
                    out().println(volume.get("volume") + ": " + export.get("waiting"));
                }
            }
        }
    }

    /** Where NBD clients connect, and who is there. */
    private void printNbd(final Map<?, ?> volume) {
        for (final Map<?, ?> export : ofNbd(volume.get("exports"))) {
            out().println(volume.get("volume") + ": NBD at " + export.get("address"));
        }
        for (final Map<?, ?> session : ofNbd(volume.get("sessions"))) {
            out().println(volume.get("volume") + ": NBD client "
                    + (session.get("peer") == null ? "" : session.get("peer") + " ")
                    + (Boolean.TRUE.equals(session.get("may_write")) ? "may write" : "only reads"));
        }
    }

    private static List<Map<?, ?>> ofNbd(final Object list) {
        final List<Map<?, ?>> chosen = new ArrayList<>();
        if (list instanceof final List<?> all) {
            for (final Object each : all) {
                if (each instanceof final Map<?, ?> fields && "nbd".equals(fields.get("protocol"))) {
                    chosen.add(fields);
                }
            }
        }
        return chosen;
    }

    private static String text(final Map<?, ?> fields, final String name) {
        return fields.get(name) == null ? "-" : fields.get(name).toString();
    }

    private static String size(final Map<?, ?> fields, final String name) {
        return fields.get(name) instanceof Number bytes ? ByteSize.format(bytes.longValue()) : "-";
    }
}

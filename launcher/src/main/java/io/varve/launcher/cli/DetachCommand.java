package io.varve.launcher.cli;

import io.varve.control.rpc.ControlClient;
import io.varve.launcher.ExitStatus;
import io.varve.launcher.config.ByteSize;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code varve detach}: has the daemon end a volume. */
@Command(
        name = "detach",
        description =
                "Have the daemon ship what is unsent of a volume and close it. A volume that is not attached counts"
                        + " as detached.")
final class DetachCommand extends Subcommand {
    @Parameters(paramLabel = "VOLUME", description = "Name of the volume.")
    private String volume;

    @Option(
            names = "--abandon-store",
            description = "Don't wait for the store: what is unsent stays in the log, for the next attach here.")
    private boolean abandonStore;

    @Mixin
    private ControlOption control;

    @Option(names = "--json", description = "Answer in JSON.")
    private boolean json;

    @Override
    public Integer call() {
        final Map<String, Object> params = new LinkedHashMap<>();
        params.put("volume", volume);
        params.put("abandon_store", abandonStore);
        try (ControlClient daemon = control.connect(settings())) {
            final Map<String, Object> answer = daemon.call("detach", params);
            out().println(json ? JsonOutput.answer(answer) : describe(answer));
        }
        out().flush();
        return ExitStatus.OK;
    }

    private String describe(final Map<String, Object> answer) {
        if (!Boolean.TRUE.equals(answer.get("detached"))) {
            return "Volume " + volume + " was not attached.";
        }
        final long unsent = ((Number) answer.get("unsent_bytes")).longValue();
        final Object trouble = answer.get("trouble");
        if (trouble != null) {
            return "Detached volume " + volume + ", which had failed: " + trouble;
        }
        return unsent == 0
                ? "Detached volume " + volume + ", everything is in the store."
                : "Detached volume " + volume + "; " + ByteSize.format(unsent)
                        + " are unsent: they are durable in the log, and the next start ships them.";
    }
}

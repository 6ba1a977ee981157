package io.varve.launcher.serve;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.control.rpc.ControlClient;
import io.varve.launcher.cli.Main;
import io.varve.launcher.config.Environment;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** A home with volumes in stores of their own, and the commands that ask its daemon, run in this process. */
final class DaemonRig {
    private final Path home;

    DaemonRig(final Path home) {
        this.home = home;
    }

    /** How a command ended. */
    record Run(int status, String out, String err) {}

    Run run(final String... args) {
        final StringWriter out = new StringWriter();
        final StringWriter err = new StringWriter();
        final Map<String, String> variables = Map.of(
                "HOME",
                home.toString(),
                "VARVE_CONFIG",
                "/dev/null",
                "VARVE_CONTROL",
                VarveProcess.control(home).toString());
        final int status =
                Main.run(args, new Environment(variables), new PrintWriter(out, true), new PrintWriter(err, true));
        return new Run(status, out.toString(), err.toString());
    }

    /** Runs a command that has to succeed; what it prints. */
    String ok(final String... args) {
        final Run run = run(args);
        assertThat(run.status()).as(run.err()).isZero();
        assertThat(run.err()).isEmpty();
        return run.out();
    }

    /** Makes a volume in a store of its own. */
    void create(final String volume, final String... more) throws IOException {
        Files.createDirectories(store(volume));
        final String[] args = {"volume", "create", volume, "--size", "256M", "--store", url(volume)};
        final String[] all = java.util.Arrays.copyOf(args, args.length + more.length);
        System.arraycopy(more, 0, all, args.length, more.length);
        ok(all);
    }

    /** Attaches a volume of {@link #create}. */
    Path attach(final String volume) {
        ok("attach", volume, "--store", url(volume));
        return socket(volume);
    }

    Path store(final String volume) {
        return home.resolve("stores").resolve(volume);
    }

    String url(final String volume) {
        return "file://" + store(volume);
    }

    Path socket(final String volume) {
        return home.resolve(volume + ".vhost.sock");
    }

    void takeStoreAway(final String volume) throws IOException {
        Files.move(store(volume).resolve("volumes"), store(volume).resolve("away"));
        Files.createFile(store(volume).resolve("volumes"));
    }

    void bringStoreBack(final String volume) throws IOException {
        Files.delete(store(volume).resolve("volumes"));
        Files.move(store(volume).resolve("away"), store(volume).resolve("volumes"));
    }

    ControlClient client() {
        return ControlClient.connect(VarveProcess.control(home));
    }

    /** What the daemon says of a volume, or null when it is not attached. */
    Map<?, ?> status(final String volume) {
        try (ControlClient client = client()) {
            for (final Object each : (List<?>) client.call("status", Map.of()).get("volumes")) {
                if (each instanceof Map<?, ?> fields && volume.equals(fields.get("volume"))) {
                    return fields;
                }
            }
        }
        return null;
    }
}

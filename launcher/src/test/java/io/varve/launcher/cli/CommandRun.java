package io.varve.launcher.cli;

import io.varve.launcher.config.Environment;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/**
 * One run of the command inside the test's process.
 *
 * @param status exit status.
 * @param out    what it printed.
 * @param err    what it complained of.
 */
record CommandRun(int status, String out, String err) {
    /** Runs with {@code home} as everything that the environment says, and no settings file. */
    static CommandRun in(final Path home, final String... args) {
        return in(home, Map.of(), args);
    }

    static CommandRun in(final Path home, final Map<String, String> more, final String... args) {
        final Map<String, String> variables = new HashMap<>(more);
        variables.putIfAbsent("HOME", home.toString());
        variables.putIfAbsent("VARVE_CONFIG", "/dev/null");
        final StringWriter out = new StringWriter();
        final StringWriter err = new StringWriter();
        final int status =
                Main.run(args, new Environment(variables), new PrintWriter(out, true), new PrintWriter(err, true));
        return new CommandRun(status, out.toString(), err.toString());
    }
}

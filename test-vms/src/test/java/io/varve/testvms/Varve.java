package io.varve.testvms;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.launcher.cli.Main;
import io.varve.launcher.config.Environment;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * The command, from the classes under test, as {@code ./varve} runs it from a checkout, but never built first; or, when the system
 * property {@code varve.command} names one, a program that is there.
 */
final class Varve {
    private static final String BUILT = System.getProperty("varve.command");

    private Varve() {}

    /**
     * Starts it.
     *
     * @param name      for reports.
     * @param directory where it runs.
     * @param register  told of the process.
     */
    static Program launch(
            final String name, final Path directory, final Consumer<Program> register, final String... arguments)
            throws IOException {
        return launch(name, directory, register, Map.of(), arguments);
    }

    /** As {@link #launch(String, Path, Consumer, String...)}, with more variables in its environment. */
    static Program launch(
            final String name,
            final Path directory,
            final Consumer<Program> register,
            final Map<String, String> environment,
            final String... arguments)
            throws IOException {
        final Program started = Program.start(name, directory, command(arguments), environment);
        started.endInput();
        register.accept(started);
        return started;
    }

    /** The command line that runs it. */
    static List<String> command(final String... arguments) {
        final List<String> command = new ArrayList<>(BUILT == null ? fromClasses() : List.of(BUILT));
        command.addAll(List.of(arguments));
        return command;
    }

    private static List<String> fromClasses() {
        return List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED",
                "-Xmx1g",
                "-cp",
                System.getProperty("java.class.path"),
                "io.varve.launcher.cli.Main");
    }

    /** Runs a command within this process; it has to succeed. */
    static void run(final String... arguments) {
        final StringWriter out = new StringWriter();
        final StringWriter err = new StringWriter();
        final int status = Main.run(
                arguments,
                new Environment(Map.of("HOME", "/nowhere", "VARVE_CONFIG", "/dev/null")),
                new PrintWriter(out, true),
                new PrintWriter(err, true));
        assertThat(status).as(() -> out.toString() + err).isZero();
    }
}

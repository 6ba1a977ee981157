package io.varve.testvms;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A process that a test has started, with all that it prints. */
final class Program {
    private static final Duration KILL_LIMIT = Duration.ofSeconds(20);

    private final String name;
    private final Process process;
    private final OutputLog output;

    private Program(final String name, final Process process) {
        this.name = name;
        this.process = process;
        output = new OutputLog(name, process.getInputStream());
    }

    /** Starts a command in a directory; its standard error goes the way of its standard output. */
    static Program start(final String name, final Path directory, final List<String> command) throws IOException {
        final Program program = start(name, directory, command, Map.of());
        program.endInput();
        return program;
    }

    /**
     * Starts a command as {@link #start(String, Path, List)} does, with more variables in its environment, and with a standard input
     * that ends by {@link #endInput()} or with this process.
     */
    static Program start(
            final String name, final Path directory, final List<String> command, final Map<String, String> environment)
            throws IOException {
        // Whoever is started in the background by a shell ignores SIGINT, and so would its children.
        final List<String> plain = new ArrayList<>(List.of("env", "--default-signal"));
        plain.addAll(command);
        final ProcessBuilder builder =
                new ProcessBuilder(plain).directory(directory.toFile()).redirectErrorStream(true);
        builder.environment().putAll(environment);
        return new Program(name, builder.start());
    }

    /** Ends the program's standard input. */
    void endInput() throws IOException {
        process.getOutputStream().close();
    }

    OutputLog output() {
        return output;
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** Waits for the process to end and returns its exit status. */
    int awaitExit(final Duration limit) throws InterruptedException {
        if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
            throw new AssertionError(name + " did not end within " + limit.toSeconds() + " s");
        }
        output.awaitEnd();
        return process.exitValue();
    }

    /** SIGINT. */
    void interrupt() throws IOException, InterruptedException {
        new ProcessBuilder("kill", "-INT", Long.toString(process.pid())).start().waitFor();
    }

    /** SIGTERM, and the exit status. */
    int terminate(final Duration limit) throws InterruptedException {
        // Unlike the process itself, its handle leaves the streams alone.
        process.toHandle().destroy();
        return awaitExit(limit);
    }

    /** SIGKILL, and waits until the process is gone. */
    void kill() throws InterruptedException {
        process.destroyForcibly();
        awaitExit(KILL_LIMIT);
    }
}

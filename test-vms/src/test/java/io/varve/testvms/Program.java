package io.varve.testvms;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A process that a test has started, with all that it prints. Standard input is empty. */
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
        final Process process = new ProcessBuilder(command)
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .start();
        process.getOutputStream().close();
        return new Program(name, process);
    }

    OutputLog output() {
        return output;
    }

    long pid() {
        return process.pid();
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

    /** SIGTERM, and the exit status. */
    int terminate(final Duration limit) throws InterruptedException {
        process.destroy();
        return awaitExit(limit);
    }

    /** SIGKILL, and waits until the process is gone. */
    void kill() throws InterruptedException {
        process.destroyForcibly();
        awaitExit(KILL_LIMIT);
    }
}

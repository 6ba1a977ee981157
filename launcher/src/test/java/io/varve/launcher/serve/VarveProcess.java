package io.varve.launcher.serve;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/** The {@code varve} command as a process of its own, with {@code home} as everything that the environment says. */
public final class VarveProcess implements AutoCloseable {
    /** Lanes of volumes that are not told how many; null for the default. */
    private static final String LANES = System.getProperty("varve.test.lanes");

    /** How long anything may take, in seconds: an emulated machine takes longer. */
    private static final long LIMIT_S = Long.getLong("varve.test.limit", 60);

    private final Process process;
    private final Lines out;
    private final Lines err;

    private VarveProcess(final Process process) {
        this.process = process;
        out = new Lines(process.getInputStream(), "out");
        err = new Lines(process.getErrorStream(), "err");
    }

    /** Starts the command. */
    public static VarveProcess start(final Path home, final String... args) throws IOException {
        return start(home, List.of(), args);
    }

    /** Starts the command by way of another one that executes it. */
    public static VarveProcess start(final Path home, final List<String> prefix, final String... args)
            throws IOException {
        // Whoever is started in the background by a shell ignores SIGINT, and so would its children.
        final List<String> command = new ArrayList<>(List.of("env", "--default-signal"));
        command.addAll(prefix);
        command.addAll(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xshare:auto",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                "io.varve.launcher.cli.Main"));
        command.addAll(List.of(args));
        final ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().clear();
        builder.environment()
                .putAll(Map.of(
                        "HOME",
                        home.toString(),
                        "VARVE_CONFIG",
                        "/dev/null",
                        "PATH",
                        System.getenv("PATH"),
                        "VARVE_CACHE_SIZE",
                        "64M",
                        "VARVE_READ_CACHE_SIZE",
                        "16M",
                        "VARVE_CONTROL",
                        control(home).toString()));
        if (LANES != null) {
            builder.environment().put("VARVE_READ_LANES", LANES);
        }
        final Process process = builder.start();
        Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
        process.getOutputStream().close();
        return new VarveProcess(process);
    }

    /** Starts {@code serve} and waits until it is ready. */
    public static VarveProcess serve(final Path home, final Path socket, final String... more)
            throws IOException, InterruptedException {
        final List<String> args = new ArrayList<>(List.of("serve", "data", "--socket-path", socket.toString()));
        args.addAll(List.of(more));
        final VarveProcess serve = start(home, args.toArray(String[]::new));
        serve.awaitOut(line -> line.contains(" is ready "));
        return serve;
    }

    /** Starts {@code daemon} and waits until it is ready. */
    public static VarveProcess daemon(final Path home, final String... more) throws IOException, InterruptedException {
        final List<String> args = new ArrayList<>(List.of("daemon"));
        args.addAll(List.of(more));
        final VarveProcess daemon = start(home, args.toArray(String[]::new));
        daemon.awaitOut(line -> line.contains(" is ready, "));
        return daemon;
    }

    /** Where the daemon of a home listens, and the commands ask. */
    public static Path control(final Path home) {
        return home.resolve("control.sock");
    }

    /** The process's number. */
    public long pid() {
        return process.pid();
    }

    /** Waits for a line of the standard output. */
    public String awaitOut(final Predicate<String> wanted) throws InterruptedException {
        final String line = out.await(wanted);
        if (line == null) {
            throw new AssertionError("no such line; " + describe());
        }
        return line;
    }

    /** Waits for a line of the standard output; false when the process ends without it. */
    public boolean awaitEndOr(final Predicate<String> wanted) throws InterruptedException {
        if (out.await(wanted) != null) {
            return true;
        }
        if (process.waitFor(LIMIT_S, TimeUnit.SECONDS)) {
            return false;
        }
        throw new AssertionError("no such line, and still running; " + describe());
    }

    /** Waits for a line of the standard error stream. */
    public String awaitErr(final Predicate<String> wanted) throws InterruptedException {
        final String line = err.await(wanted);
        if (line == null) {
            throw new AssertionError("no such line; " + describe());
        }
        return line;
    }

    /** Sends a signal by its name. */
    public void signal(final String name) throws IOException, InterruptedException {
        new ProcessBuilder("sh", "-c", "kill -" + name + " " + process.pid())
                .start()
                .waitFor();
    }

    /** SIGKILL, and waits until the process is gone. */
    public void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    /** Whether it has not ended yet. */
    public boolean isAlive() {
        return process.isAlive();
    }

    /** Waits for the end and gives the exit status. */
    public int awaitExit() throws InterruptedException {
        if (!process.waitFor(LIMIT_S, TimeUnit.SECONDS)) {
            kill();
            throw new AssertionError("still running; " + describe());
        }
        out.awaitEnd();
        err.awaitEnd();
        return process.exitValue();
    }

    /** What it has written to its standard output so far. */
    public String out() {
        return out.toString();
    }

    /** What it has written to its standard error stream so far. */
    public String err() {
        return err.toString();
    }

    /** What it has printed, for messages. */
    public String describe() {
        return "standard output:\n" + out + "standard error:\n" + err;
    }

    /** SIGKILL, without waiting. */
    @Override
    public void close() {
        process.destroyForcibly();
    }

    /** What a stream has brought so far. */
    private static final class Lines {
        private final List<String> lines = new ArrayList<>();
        private final Thread reader;
        private boolean isEnded;

        Lines(final InputStream stream, final String name) {
            reader = new Thread(() -> read(stream), "varve-" + name);
            reader.setDaemon(true);
            reader.start();
        }

        private void read(final InputStream stream) {
            try (BufferedReader buffered = new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8))) {
                for (String line = buffered.readLine(); line != null; line = buffered.readLine()) {
                    synchronized (this) {
                        lines.add(line);
                        notifyAll();
                    }
                }
            } catch (final IOException e) {
                throw new UncheckedIOException(e);
            } finally {
                synchronized (this) {
                    isEnded = true;
                    notifyAll();
                }
            }
        }

        synchronized String await(final Predicate<String> wanted) throws InterruptedException {
            final long deadlineNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_S);
            for (int next = 0; ; ) {
                for (; next < lines.size(); next++) {
                    if (wanted.test(lines.get(next))) {
                        return lines.get(next);
                    }
                }
                final long leftMs = TimeUnit.NANOSECONDS.toMillis(deadlineNs - System.nanoTime());
                if (isEnded || leftMs <= 0) {
                    return null;
                }
                wait(leftMs);
            }
        }

        void awaitEnd() throws InterruptedException {
            reader.join(TimeUnit.SECONDS.toMillis(LIMIT_S));
        }

        @Override
        public synchronized String toString() {
            return lines.isEmpty() ? "" : String.join("\n", lines) + "\n";
        }
    }
}

package io.varve.testvms;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.Consumer;

/** {@code varve daemon} with volumes that come and go, in a directory store of its own. */
final class VarveHost {
    private static final Duration LIMIT = Duration.ofSeconds(60);

    private final Path directory;
    private final Consumer<Program> register;
    private Program daemon;
    private int volumes;

    /**
     * Prepares.
     *
     * @param directory for everything; short, for the sockets' sake.
     * @param register  told of every process that is started.
     */
    VarveHost(final Path directory, final Consumer<Program> register) throws IOException {
        this.directory = directory;
        this.register = register;
        Files.createDirectories(store());
    }

    /** Starts the daemon, and waits until it serves what it served before. */
    void start() throws IOException, InterruptedException {
        daemon = Varve.launch(
                "varve daemon",
                directory,
                register,
                "daemon",
                "--control",
                control(),
                "--store",
                "file://" + store(),
                "--cache",
                directory.resolve("cache").toString(),
                "--cache-size",
                "64M");
        awaitLine("the daemon is ready");
        for (int i = 0; i < volumes; i++) {
            awaitLine("volume .*, is ready at ");
        }
    }

    /** Creates a volume and has it served; its socket. */
    Path attach(final String volume, final String size) {
        final Path socket = directory.resolve(volume + ".sock");
        Varve.run("volume", "create", volume, "--size", size, "--control", control());
        Varve.run("attach", volume, "--socket-path", socket.toString(), "--control", control());
        volumes++;
        return socket;
    }

    /** Makes a volume larger. */
    void resize(final String volume, final String size) {
        Varve.run("volume", "resize", volume, "--size", size, "--control", control());
    }

    /** Kills the daemon. */
    void kill() throws InterruptedException {
        daemon.kill();
    }

    /** Waits for a line of the daemon's. */
    void awaitLine(final String pattern) throws InterruptedException {
        daemon.output().await(pattern, LIMIT);
    }

    /** Ends the daemon, which has to end well. */
    void stop() throws InterruptedException {
        assertThat(daemon.terminate(LIMIT)).as(() -> daemon.output().tail(50)).isZero();
    }

    private String control() {
        return directory.resolve("control.sock").toString();
    }

    private Path store() {
        return directory.resolve("store");
    }
}

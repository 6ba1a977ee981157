package io.varve.testvms;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** {@code varve daemon} with volumes that come and go, in a directory store of its own. */
final class VarveHost {
    private static final Duration LIMIT = Duration.ofSeconds(60);

    private final Path directory;
    private final Consumer<Program> register;
    private Program daemon;
    private int volumes;
    private boolean isRunning;
    private Map<String, String> environment = Map.of();

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
                environment,
                "daemon",
                "--control",
                control(),
                "--store",
                url(),
                "--cache",
                directory.resolve("cache").toString(),
                "--cache-size",
                "64M");
        isRunning = true;
        awaitLine("the daemon is ready");
        for (int i = 0; i < volumes; i++) {
            awaitLine("volume .*, is ready at ");
        }
    }

    /** Lets front-ends wait for so long for an answer; before {@link #start}. */
    void answerTimeout(final Duration limit) {
        environment = Map.of("VARVE_ANSWER_TIMEOUT", limit.toMillis() + "ms", "VARVE_READ_CACHE_SIZE", "0");
    }

    /** Ends the daemon, which ships everything, and starts it without anything that it had on a local disk. */
    void restartWithoutLogs() throws IOException, InterruptedException {
        stop();
        try (Stream<Path> files = Files.walk(directory.resolve("cache"))) {
            for (final Path file : files.filter(Files::isRegularFile).toList()) {
                Files.delete(file);
            }
        }
        start();
    }

    /** Has every request of the store fail from now on. */
    void takeStoreAway() throws IOException {
        Files.move(store(), directory.resolve("away"));
    }

    /** Has the store serve again. */
    void bringStoreBack() throws IOException {
        Files.move(directory.resolve("away"), store());
    }

    /** Creates a volume and has it served; its socket. */
    Path attach(final String volume, final String size) {
        run("volume", "create", volume, "--size", size);
        return attach(volume);
    }

    /** Has a volume served; its socket. */
    Path attach(final String volume) {
        final Path socket = directory.resolve(volume + ".sock");
        run("attach", volume, "--socket-path", socket.toString());
        volumes++;
        return socket;
    }

    /** Makes a volume larger. */
    void resize(final String volume, final String size) {
        run("volume", "resize", volume, "--size", size);
    }

    /** Runs a command by the daemon while it is there, else by itself; it has to succeed. */
    void run(final String... arguments) {
        final List<String> command = new ArrayList<>(List.of(arguments));
        command.addAll(isRunning ? List.of("--control", control()) : List.of("--store", url()));
        Varve.run(command.toArray(String[]::new));
    }

    /** Makes a volume of an image, which happens without the daemon. */
    void importImage(final Path image, final String volume) {
        Varve.run(
                "volume",
                "import",
                image.toString(),
                volume,
                "--store",
                url(),
                "--cache",
                directory.resolve("cache").toString());
    }

    /** Kills the daemon. */
    void kill() throws InterruptedException {
        daemon.kill();
    }

    /** Waits for a line of the daemon's. */
    void awaitLine(final String pattern) throws InterruptedException {
        daemon.output().await(pattern, LIMIT);
    }

    /** Lines of the daemon's so far that hold a text. */
    List<String> lines(final String text) {
        return daemon.output()
                .text()
                .lines()
                .filter(line -> line.contains(text))
                .toList();
    }

    /** Ends the daemon, which has to end well. */
    void stop() throws InterruptedException {
        isRunning = false;
        assertThat(daemon.terminate(LIMIT)).as(() -> daemon.output().tail(50)).isZero();
    }

    private String control() {
        return directory.resolve("control.sock").toString();
    }

    private String url() {
        return "file://" + store();
    }

    private Path store() {
        return directory.resolve("store");
    }
}

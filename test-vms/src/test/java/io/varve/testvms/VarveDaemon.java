package io.varve.testvms;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** {@code varve serve} on a volume of its own, in a directory store of its own. */
final class VarveDaemon implements Backend {
    /** The tests' name for the one volume. */
    static final String VOLUME = "disk";

    /** Small, so that the log is recycled within a test. */
    private static final String LOG_SIZE = "64M";

    private static final String READ_CACHE_SIZE = "64M";

    private static final Duration COMMAND_LIMIT = Duration.ofSeconds(60);
    private static final Duration STOP_LIMIT = Duration.ofSeconds(60);

    private final Path directory;
    private final Path socket;
    private final Consumer<Program> register;
    private Program program;

    /**
     * Creates the volume.
     *
     * @param directory for the store and the log.
     * @param socket    where the volume will be served.
     * @param size      of the volume, as the command line takes it.
     * @param register  told of every process that is started.
     */
    VarveDaemon(final Path directory, final Path socket, final String size, final Consumer<Program> register)
            throws IOException, InterruptedException {
        this.directory = directory;
        this.socket = socket;
        this.register = register;
        Files.createDirectories(store());
        final Program create =
                launch("varve volume create", "volume", "create", VOLUME, "--size", size, "--store", url());
        assertThat(create.awaitExit(COMMAND_LIMIT))
                .as(() -> create.output().tail(20))
                .isZero();
    }

    @Override
    public Path socket() {
        return socket;
    }

    @Override
    public void start() throws IOException, InterruptedException {
        program = launch(
                "varve serve",
                "serve",
                VOLUME,
                "--socket-path",
                socket.toString(),
                "--store",
                url(),
                "--cache",
                directory.resolve("cache").toString(),
                "--cache-size",
                LOG_SIZE,
                "--read-cache-size",
                READ_CACHE_SIZE);
        program.output().await("(?i)\\bready\\b", COMMAND_LIMIT);
    }

    @Override
    public void stop() throws InterruptedException {
        assertThat(program.terminate(STOP_LIMIT))
                .as(() -> program.output().tail(50))
                .isZero();
    }

    @Override
    public void kill() throws InterruptedException {
        program.kill();
    }

    /** How many objects the store holds for the volume. */
    long objects() {
        try (Stream<Path> files = Files.walk(store().resolve("volumes"))) {
            return files.filter(
                            file -> Files.isRegularFile(file) && file.toString().contains("/log/"))
                    .count();
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Path store() {
        return directory.resolve("store");
    }

    private String url() {
        return "file://" + store();
    }

    private Program launch(final String name, final String... arguments) throws IOException {
        return Varve.launch(name, directory, register, arguments);
    }
}

package io.varve.benchmarks;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** {@code varve serve}, with all that it needs. */
final class Varve implements Contender {
    private static final String VOLUME = "bench";

    private final Path socket;
    private final Process process;

    private Varve(final Path socket, final Process process) {
        this.socket = socket;
        this.process = process;
    }

    /**
     * Makes a volume and serves it.
     *
     * @param directory empty; for log and socket.
     * @param more      options of {@code serve}.
     */
    static Varve start(
            final Path directory,
            final StoreAddress store,
            final long sizeBytes,
            final long logBytes,
            final List<String> more)
            throws IOException, InterruptedException {
        final ProcessBuilder builder = new ProcessBuilder(List.of(
                        BenchPlace.varve().toString(),
                        "volume",
                        "create",
                        VOLUME,
                        "--size",
                        sizeBytes + "",
                        "--store",
                        store.url()))
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("varve.log").toFile());
        builder.environment().putAll(store.environment());
        final Process create = builder.start();
        if (create.waitFor() != 0) {
            throw new IOException("varve volume create failed; see " + directory.resolve("varve.log"));
        }
        return again(directory, store, logBytes, more);
    }

    /** Serves a volume that has been made, and served, before. */
    static Varve again(final Path directory, final StoreAddress store, final long logBytes, final List<String> more)
            throws IOException {
        return on(store, VOLUME, directory, logBytes, more);
    }

    /**
     * Serves a volume of a store on a host.
     *
     * @param directory the host's; for cache and socket.
     */
    static Varve on(
            final StoreAddress store,
            final String volume,
            final Path directory,
            final long logBytes,
            final List<String> more)
            throws IOException {
        final Path socket = directory.resolve("varve.sock");
        final List<String> serve = new ArrayList<>(List.of(
                BenchPlace.varve().toString(),
                "serve",
                volume,
                "--socket-path",
                socket.toString(),
                "--store",
                store.url(),
                "--cache",
                directory.resolve("cache").toString(),
                "--cache-size",
                logBytes + ""));
        serve.addAll(more);
        final ProcessBuilder builder = new ProcessBuilder(serve)
                .redirectError(directory.resolve("varve.log").toFile());
        builder.environment().putAll(store.environment());
        final Process process = builder.start();
        final BufferedReader out = process.inputReader();
        for (String line = out.readLine(); line != null; line = out.readLine()) {
            if (line.contains(" is ready at ")) {
                return new Varve(socket, process);
            }
        }
        throw new IOException("varve serve ended; see " + directory.resolve("varve.log"));
    }

    /** The protocol alone, before a disk that does nothing, in a JVM with the flags of the daemon. */
    static Varve withNullDisk(final Path directory, final long sizeBytes) throws IOException {
        final Path socket = directory.resolve("null.sock");
        final Process process = new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:+UseSerialGC",
                        "-Xms32m",
                        "--enable-native-access=ALL-UNNAMED",
                        "--sun-misc-unsafe-memory-access=allow",
                        "--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED",
                        "-cp",
                        System.getProperty("java.class.path"),
                        NullDaemon.class.getName(),
                        socket.toString(),
                        sizeBytes + ""))
                .redirectError(directory.resolve("null.log").toFile())
                .start();
        final String line = process.inputReader().readLine();
        if (line == null || !line.startsWith(NullDaemon.READY)) {
            throw new IOException("the null disk ended; see " + directory.resolve("null.log"));
        }
        return new Varve(socket, process);
    }

    @Override
    public String name() {
        return "Varve";
    }

    @Override
    public Path socket() {
        return socket;
    }

    @Override
    public Process process() {
        return process;
    }

    @Override
    public void close() {
        Contender.end(process);
    }
}

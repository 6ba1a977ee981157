package io.varve.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.agrona.IoUtil;
import picocli.CommandLine.Option;

/**
 * Where benchmarks put their disks, and where they find the project whose root is named by the system property {@code varve.root}.
 * When this process ends, however early, all that was made here goes, and before it the processes that this one has started.
 */
final class BenchPlace {
    private static final Set<Path> MADE = ConcurrentHashMap.newKeySet();

    private static volatile boolean isEnding;

    static {
        Runtime.getRuntime().addShutdownHook(new Thread(BenchPlace::clear, "clear"));
    }

    @Option(
            names = "--directory",
            paramLabel = "DIR",
            description =
                    "Where disks are made, and removed again, and reports stay (benchmarks/target/bench of the project).")
    private Path directory = root().resolve("benchmarks/target/bench");

    /** The root of the project. */
    static Path root() {
        return Path.of(System.getProperty("varve.root"));
    }

    /** The command that is measured. */
    static Path varve() {
        return root().resolve("varve");
    }

    /** The directory, which is there. */
    Path directory() throws IOException {
        return Files.createDirectories(directory);
    }

    /** A new directory in it. */
    Path make(final String prefix) throws IOException {
        return make(directory(), prefix);
    }

    /** A new directory in any other. */
    static Path make(final Path parent, final String prefix) throws IOException {
        final Path made = Files.createTempDirectory(parent, prefix);
        MADE.add(made);
        return made;
    }

    /** Removes a directory and all that is in it. */
    static void delete(final Path root) {
        IoUtil.delete(root.toFile(), true);
        MADE.remove(root);
    }

    /** Whether this process is about to end, so that what fails now need not be told. Any thread. */
    static boolean isEnding() {
        return isEnding;
    }

    private static void clear() {
        isEnding = true;
        ProcessHandle.current()
                .descendants()
                .filter(ProcessHandle::destroyForcibly)
                .forEach(process -> process.onExit().join());
        MADE.forEach(BenchPlace::delete);
    }
}

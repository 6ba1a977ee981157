package io.varve.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;
import picocli.CommandLine.Option;

/** Where benchmarks put their disks, and where they find the project whose root is named by the system property {@code varve.root}. */
final class BenchPlace {
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
        return Files.createTempDirectory(directory(), prefix);
    }

    /** Removes a directory and all that is in it. */
    static void delete(final Path root) throws IOException {
        try (Stream<Path> paths = Files.walk(root)) {
            for (final Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }
}

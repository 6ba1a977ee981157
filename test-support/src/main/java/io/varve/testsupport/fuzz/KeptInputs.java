package io.varve.testsupport.fuzz;

import java.io.IOException;
import java.io.InputStream;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * Inputs of a target that stand in the project, in the resource {@code /fuzz/NAME.txt} of its module: one a line, in base 64. Those that
 * once found something have a line before them that begins with {@code #} and says what; the others reach parts of the code
 * that no other input reaches.
 */
final class KeptInputs {
    private static final int MOST = 200;

    /** Longest input that is kept, in bytes; not of those that found something. */
    private static final int MOST_LENGTH = 1024;

    private final FuzzTarget target;

    private KeptInputs(final FuzzTarget target) {
        this.target = target;
    }

    static KeptInputs of(final FuzzTarget target) {
        return new KeptInputs(target);
    }

    private String name() {
        return "fuzz/" + target.name() + ".txt";
    }

    /** All of them. */
    List<byte[]> inputs() throws IOException {
        try (InputStream kept = target.getClass().getResourceAsStream("/" + name())) {
            return kept == null
                    ? List.of()
                    : new String(kept.readAllBytes(), StandardCharsets.US_ASCII)
                            .lines()
                            .filter(line -> !line.isBlank() && !line.startsWith("#"))
                            .map(Base64.getDecoder()::decode)
                            .toList();
        }
    }

    /**
     * Adds the files of a directory, the shortest first, as far as there is room, to the source of the resource.
     *
     * @return where that is, and how many there are now.
     */
    String add(final Path directory) throws IOException {
        final Path source = source();
        final List<String> lines = new ArrayList<>(Files.exists(source) ? Files.readAllLines(source) : List.of());
        final List<byte[]> more = new ArrayList<>();
        try (Stream<Path> files = Files.list(directory)) {
            for (final Path file : files.toList()) {
                more.add(Files.readAllBytes(file));
            }
        }
        more.sort(Comparator.<byte[]>comparingInt(input -> input.length)
                .thenComparing(Base64.getEncoder()::encodeToString));
        for (final byte[] input : more) {
            final String line = Base64.getEncoder().encodeToString(input);
            if (lines.size() < MOST && input.length <= MOST_LENGTH && !line.isEmpty() && !lines.contains(line)) {
                lines.add(line);
            }
        }
        Files.createDirectories(source.getParent());
        Files.write(source, lines);
        return source + " has " + lines.size() + " lines";
    }

    /** In the module whose tests the target is one of. */
    private Path source() throws IOException {
        try {
            final Path classes = Path.of(target.getClass()
                    .getProtectionDomain()
                    .getCodeSource()
                    .getLocation()
                    .toURI());
            return classes.resolve("../../src/test/resources").normalize().resolve(name());
        } catch (final URISyntaxException e) {
            throw new IOException(e);
        }
    }
}

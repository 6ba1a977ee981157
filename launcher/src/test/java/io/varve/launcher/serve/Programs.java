package io.varve.launcher.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** Other people's programs, as clients of a volume. */
record Programs(Path home) {
    private static final int LIMIT_S = 100;

    /** Skips the test where one is not on this machine. */
    static void assume(final String program) {
        for (final String directory : System.getenv("PATH").split(":")) {
            if (Files.isExecutable(Path.of(directory, program))) {
                return;
            }
        }
        assumeTrue(false, "no " + program + " on this machine: run dev/setup");
    }

    /** Runs one, which ends well; answers its output. */
    String run(final String... command) throws IOException, InterruptedException {
        final Path out = home.resolve("out.txt");
        final Path err = home.resolve("err.txt");
        assertThat(start(out, err, command)).as(describe(out, err, command)).isZero();
        return Files.readString(out);
    }

    /** Runs one, which fails; answers what it complains of. */
    String fails(final String... command) throws IOException, InterruptedException {
        final Path out = home.resolve("out.txt");
        final Path err = home.resolve("err.txt");
        assertThat(start(out, err, command)).as(describe(out, err, command)).isNotZero();
        return Files.readString(err);
    }

    private int start(final Path out, final Path err, final String... command)
            throws IOException, InterruptedException {
        final Process process = new ProcessBuilder(command)
                .directory(home.toFile())
                .redirectOutput(out.toFile())
                .redirectError(err.toFile())
                .start();
        assertThat(process.waitFor(LIMIT_S, TimeUnit.SECONDS)).isTrue();
        return process.exitValue();
    }

    private static String describe(final Path out, final Path err, final String... command) throws IOException {
        return String.join(" ", command) + "\n" + Files.readString(out) + Files.readString(err);
    }
}

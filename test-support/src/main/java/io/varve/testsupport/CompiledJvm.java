package io.varve.testsupport;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A JVM of its own that compiles as in production: the tests' own does without the optimising compiler. The thread that has something compiled
 * waits for that, so that how much has been compiled depends on how often things were done, and not on how busy the
 * machine is.
 */
public final class CompiledJvm {
    private CompiledJvm() {}

    /**
     * Runs a class, and gives the words that it prints.
     *
     * @param main on the class path of this JVM.
     * @throws IOException when it fails; what it says of that is on the standard error.
     */
    public static String[] run(final Class<?> main, final String... arguments)
            throws IOException, InterruptedException {
        final List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED",
                "-Xmx128m",
                "-Xbatch",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                main.getName()));
        command.addAll(List.of(arguments));
        final Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        // A test that is broken off leaves nothing behind.
        Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
        process.getOutputStream().close();
        final String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        final int status = process.waitFor();
        if (status != 0) {
            throw new IOException(main.getName() + " ended with status " + status);
        }
        return output.strip().split(" ");
    }
}

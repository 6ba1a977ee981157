package io.varve.testvms.powercut;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Runs programs of the machine that end by themselves. */
public final class Commands {
    private Commands() {}

    /**
     * Runs a program.
     *
     * @throws IOException when it fails, with what it has printed.
     */
    public static void run(final String... command) throws IOException, InterruptedException {
        final Process process =
                new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        final String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        final int status = process.waitFor();
        if (status != 0) {
            throw new IOException(String.join(" ", command) + " ended with status " + status + ": " + output.strip());
        }
    }

    /** Runs a program as {@link #run(String...)} does. */
    public static void run(final List<String> command) throws IOException, InterruptedException {
        run(command.toArray(String[]::new));
    }
}

package io.varve.hostdisks;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Runs programs of the host that end by themselves, such as {@code mount}. */
final class Programs {
    private static final String DIRECTORIES = ":/usr/sbin:/usr/bin:/sbin:/bin";

    private Programs() {}

    /**
     * Runs one, and waits for its end.
     *
     * @throws HostDiskException when it is not there, or fails: with the last line that it has printed.
     */
    static void run(final List<String> command) throws HostDiskException {
        final String name = command.getFirst();
        try {
            // By env, which looks for it where this says, and not where this process was told to.
            final ProcessBuilder builder = new ProcessBuilder("env").redirectErrorStream(true);
            builder.command().addAll(command);
            builder.environment().merge("PATH", DIRECTORIES, String::concat);
            builder.environment().put("LC_ALL", "C");
            final Process process = builder.start();
            process.getOutputStream().close();
            final String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            final int status = process.waitFor();
            if (status == 127) {
                throw new HostDiskException("there is no program " + name + " on this host");
            }
            if (status != 0) {
                throw new HostDiskException(name + " has failed: "
                        + (printed.isEmpty()
                                ? "exit status " + status
                                : printed.lines().toList().getLast().strip()));
            }
        } catch (final IOException e) {
            throw new HostDiskException(name + " can't be run: " + e.getMessage(), e);
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new HostDiskException(name + " was interrupted", e);
        }
    }
}

package io.varve.launcher.image;

import io.varve.launcher.UserException;
import io.varve.lsvd.scan.Cancellation;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * One of QEMU's tools as a child of this process. It has nothing of the environment but the path of commands: what reads an image
 * that somebody made needs no credentials. One thread's.
 */
final class QemuTool implements AutoCloseable {
    private static final long LOOK_MS = 20;
    private static final long END_S = 5;
    private static final int MOST_LOOKS = 50;

    /** Exit status of what SIGINT has ended. */
    private static final int INTERRUPTED = 130;

    /** Greatest length of a complaint that is kept, in characters. */
    private static final int MAX_COMPLAINT = 500;

    private final String name;
    private final Process process;
    private final Thread out;
    private final Thread err;
    private volatile String complaint;

    /**
     * Starts a tool.
     *
     * @param lines is given each line of its standard output, on a thread of its own.
     * @throws UserException when it is not there.
     */
    QemuTool(final String name, final List<String> arguments, final Consumer<String> lines) {
        this.name = name;
        final List<String> command = new ArrayList<>(List.of(name));
        command.addAll(arguments);
        final ProcessBuilder builder = new ProcessBuilder(command);
        final Map<String, String> environment = builder.environment();
        environment.keySet().retainAll(List.of("PATH"));
        environment.put("LC_ALL", "C");
        try {
            process = builder.start();
            process.getOutputStream().close();
        } catch (final IOException e) {
            throw new UserException(name + ", which reads images, can't be run: install it (Debian: qemu-utils)", e);
        }
        out = reader(process.getInputStream(), lines);
        err = reader(process.getErrorStream(), this::complain);
    }

    private Thread reader(final InputStream stream, final Consumer<String> lines) {
        final Thread thread = new Thread(() -> read(stream, lines), "varve-" + name);
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    private static void read(final InputStream stream, final Consumer<String> lines) {
        try (BufferedReader reader = new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8))) {
            reader.lines().forEach(lines);
        } catch (final IOException | UncheckedIOException e) {
            // The process has been ended, and its streams with it.
        }
    }

    /** The first line counts: those behind it follow from it. */
    private void complain(final String line) {
        final String text = line.strip().replaceFirst("^" + name + ": ", "").replaceFirst("^(ERROR|Error):? ", "");
        if (complaint == null && !text.isEmpty()) {
            complaint = text.substring(0, Math.min(text.length(), MAX_COMPLAINT));
        }
    }

    /** Whether it has not ended. */
    boolean isAlive() {
        return process.isAlive();
    }

    /** Waits a moment for its end. */
    void awaitMoment(final Cancellation cancellation) {
        cancellation.check();
        try {
            process.waitFor(LOOK_MS, TimeUnit.MILLISECONDS);
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CancellationException("interrupted");
        }
    }

    /** Waits for its end, and gives its exit status. */
    int awaitEnd(final Cancellation cancellation) {
        while (process.isAlive()) {
            awaitMoment(cancellation);
        }
        try {
            out.join();
            err.join();
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CancellationException("interrupted");
        }
        cancellation.check();
        if (process.exitValue() == INTERRUPTED) {
            awaitCancellation(cancellation);
        }
        return process.exitValue();
    }

    /**
     * A terminal interrupts this process and the tool at the same time, and it is chance who hears of it first: waits a little for this
     * one, before a tool that has ended without a word is blamed.
     */
    void awaitCancellation(final Cancellation cancellation) {
        for (int i = 0; i < MOST_LOOKS && complaint == null; i++) {
            cancellation.check();
            try {
                TimeUnit.MILLISECONDS.sleep(LOOK_MS);
            } catch (final InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new CancellationException("interrupted");
            }
        }
    }

    /** What it has complained of first. */
    String complaint() {
        return complaint == null ? name + " has failed" : complaint;
    }

    /** Ends it, if it has not ended. */
    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(END_S, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (final InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}

package io.varve.testvms;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a process prints, line by line, while it runs. One thread reads; any thread may wait for a line.
 *
 * <p>Waiting goes forward only: each {@link #await} looks at the lines after the one that the previous call found.
 */
final class OutputLog {
    private final String name;
    private final List<String> lines = new ArrayList<>();
    private final Thread reader;
    private int cursor;
    private boolean ended;
    private BufferedWriter copy;

    /**
     * Starts to read.
     *
     * @param name   whose output it is, for messages.
     * @param stream read to its end, and closed.
     */
    OutputLog(final String name, final InputStream stream) {
        this.name = name;
        reader = Thread.ofPlatform().daemon().name("output of " + name).start(() -> read(stream));
    }

    private void read(final InputStream stream) {
        try (BufferedReader in = new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8))) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                add(line);
            }
        } catch (final IOException e) {
            synchronized (this) {
                lines.add("[reading ended: " + e.getMessage() + "]");
            }
        } finally {
            end();
        }
    }

    private void closeCopy() {
        if (copy != null) {
            try {
                copy.close();
            } catch (final IOException e) {
                lines.add("[the copy is not whole: " + e.getMessage() + "]");
            }
        }
    }

    /** Writes all lines to a file as well, those that come later too. */
    synchronized void copyTo(final Path file) throws IOException {
        copy = Files.newBufferedWriter(file);
        for (final String line : lines) {
            copy(line);
        }
    }

    private void copy(final String line) throws IOException {
        copy.write(line);
        copy.newLine();
        copy.flush();
    }

    private synchronized void add(final String line) throws IOException {
        lines.add(line);
        if (copy != null) {
            copy(line);
        }
        notifyAll();
    }

    private synchronized void end() {
        ended = true;
        closeCopy();
        notifyAll();
    }

    /**
     * Waits for a line in which the pattern is found.
     *
     * @return the match.
     * @throws AssertionError when the output ends first, or the time is over.
     */
    synchronized Matcher await(final String pattern, final Duration limit) throws InterruptedException {
        final Pattern compiled = Pattern.compile(pattern);
        final long deadlineNs = System.nanoTime() + limit.toNanos();
        while (true) {
            while (cursor < lines.size()) {
                final Matcher matcher = compiled.matcher(lines.get(cursor++));
                if (matcher.find()) {
                    return matcher;
                }
            }
            final long leftMs = (deadlineNs - System.nanoTime()) / 1_000_000;
            if (ended || leftMs <= 0) {
                throw new AssertionError(name + (ended ? " ended" : " did not print within " + limit.toSeconds() + " s")
                        + (ended ? " before it printed '" : " '") + pattern + "'; the last it printed was '"
                        + (lines.isEmpty() ? "" : lines.getLast()) + "'");
            }
            wait(leftMs);
        }
    }

    /** Whether a line in which the pattern is found comes in time, before the output ends. */
    synchronized boolean isPrinted(final String pattern, final Duration limit) throws InterruptedException {
        final long deadlineNs = System.nanoTime() + limit.toNanos();
        final int from = cursor;
        final Pattern compiled = Pattern.compile(pattern);
        while (lines.stream()
                .skip(from)
                .noneMatch(line -> compiled.matcher(line).find())) {
            final long leftMs = (deadlineNs - System.nanoTime()) / 1_000_000;
            if (ended || leftMs <= 0) {
                return false;
            }
            wait(leftMs);
        }
        return true;
    }

    /** Has {@link #await} look only at what comes from now on. */
    synchronized void skip() {
        cursor = lines.size();
    }

    /** Waits until all has been read, once the process has ended. */
    void awaitEnd() throws InterruptedException {
        reader.join();
    }

    /** The last match of a pattern in all lines so far, or null. */
    synchronized Matcher last(final String pattern) {
        final Pattern compiled = Pattern.compile(pattern);
        for (final String line : lines.reversed()) {
            final Matcher matcher = compiled.matcher(line);
            if (matcher.find()) {
                return matcher;
            }
        }
        return null;
    }

    /** All so far: lines as they are, and the last one without an end. */
    synchronized String text() {
        return String.join("\n", lines);
    }

    /** The last lines, under the name of the process. */
    synchronized String tail(final int count) {
        final List<String> shown = lines.subList(Math.max(0, lines.size() - count), lines.size());
        return "---- " + name + ", " + shown.size() + " of " + lines.size() + " lines ----\n"
                + String.join(
                        "\n", shown.stream().filter(line -> !line.isBlank()).toList()) + "\n";
    }
}

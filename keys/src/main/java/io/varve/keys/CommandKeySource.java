package io.varve.keys;

import io.varve.lsvd.crypto.KeyException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A key that a command prints to its standard output. No shell is asked unless the command is one. It gets {@value #TIMEOUT_S} seconds and
 * {@value KeyText#MAX_LENGTH} bytes; else it is killed, and what it has started with it. Its environment is that of this process without Varve's
 * own variables and the credentials of its store.
 */
record CommandKeySource(List<String> words, String text) implements KeySource {
    static final String KIND = "exec";

    private static final int TIMEOUT_S = 10;
    private static final Pattern REASON = Pattern.compile("error[=:] ?[0-9]+,? \\(?([^()]+)\\)? *$");
    private static final int MOST_TOLD = 200;
    private static final Set<String> STORES = Set.of("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN");

    @Override
    public Wrapper open() throws KeyException {
        final String what = "what " + words.getFirst() + " printed";
        return new KnownKey(KIND, words.getFirst(), KeyText.decode(run(TIMEOUT_S * 1000L), what));
    }

    /** What the command prints. */
    byte[] run(final long timeoutMs) throws KeyException {
        final Process process = start();
        final long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMs);
        final Output output = new Output(process.getInputStream(), KeyText.MAX_LENGTH + 1);
        final Output errors = new Output(process.getErrorStream(), KeyText.MAX_LENGTH);
        byte[] printed = null;
        try {
            printed = output.get(end);
            if (printed.length > KeyText.MAX_LENGTH) {
                throw new KeyException(name() + " printed more than " + KeyText.MAX_LENGTH
                        + " bytes: a key is 32 bytes in base64, one line");
            }
            if (!process.waitFor(end - System.nanoTime(), TimeUnit.NANOSECONDS)) {
                throw new TimeoutException();
            }
            if (process.exitValue() != 0) {
                throw new KeyException(name() + " ended with status " + process.exitValue() + told(errors.get(end)));
            }
            final byte[] result = printed;
            printed = null;
            return result;
        } catch (final TimeoutException e) {
            throw new KeyException(
                    name() + " did not print a key within " + timeoutMs / 1000 + " seconds, and was ended");
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new KeyException(name() + " was ended before it had printed a key");
        } finally {
            if (printed != null) {
                Arrays.fill(printed, (byte) 0);
            }
            kill(process);
        }
    }

    private Process start() throws KeyException {
        final ProcessBuilder builder = new ProcessBuilder(words);
        builder.environment().keySet().removeIf(CommandKeySource::isSecret);
        try {
            final Process process = builder.start();
            process.getOutputStream().close();
            return process;
        } catch (final IOException e) {
            throw new KeyException(name() + " can't be started: " + reason(e));
        }
    }

    /** What the JDK says, without its own words for the command. */
    private static String reason(final IOException e) {
        final String message = String.valueOf(e.getMessage());
        final Matcher reason = REASON.matcher(message);
        return reason.find() ? reason.group(1) : message;
    }

    static boolean isSecret(final String variable) {
        return variable.startsWith("VARVE_") || STORES.contains(variable);
    }

    private static void kill(final Process process) {
        // First who could start more; a child that has been left by its parent already can't be found.
        final List<ProcessHandle> children = process.descendants().toList();
        process.destroyForcibly();
        children.forEach(ProcessHandle::destroyForcibly);
    }

    private String name() {
        return "the key command " + words.getFirst();
    }

    /** The first line of what it said of its failure; control characters don't get to the terminal. */
    private static String told(final byte[] errors) {
        final String line = new String(errors, StandardCharsets.UTF_8)
                .strip()
                .lines()
                .findFirst()
                .orElse("")
                .replaceAll("\\p{Cntrl}", " ");
        if (line.isEmpty()) {
            return "";
        }
        return ": " + (line.length() > MOST_TOLD ? line.substring(0, MOST_TOLD) + "..." : line);
    }

    @Override
    public String toString() {
        return KIND + ":" + text;
    }

    /** Reads a stream on a thread of its own, to its end; what is beyond a limit is dropped. */
    private static final class Output {
        private final CompletableFuture<byte[]> bytes = new CompletableFuture<>();

        Output(final InputStream stream, final int limit) {
            Thread.ofVirtual().name("varve-key-command").start(() -> {
                try {
                    bytes.complete(stream.readNBytes(limit));
                    // Nobody is to wait for somebody who reads the rest.
                    stream.transferTo(OutputStream.nullOutputStream());
                } catch (final IOException e) {
                    // It was killed.
                    bytes.complete(new byte[0]);
                }
            });
        }

        byte[] get(final long endNs) throws InterruptedException, TimeoutException {
            try {
                return bytes.get(Math.max(0, endNs - System.nanoTime()), TimeUnit.NANOSECONDS);
            } catch (final ExecutionException e) {
                throw new IllegalStateException(e.getCause());
            }
        }
    }
}

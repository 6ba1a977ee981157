package io.varve.launcher.cli;

import io.varve.launcher.config.ByteSize;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.function.LongSupplier;
import picocli.CommandLine.Option;

/**
 * How far a command has come, on the standard error stream: on a terminal one line that is written anew, elsewhere a line now and
 * then, more often with {@code --progress}. One thread's.
 */
final class Progress {
    private static final Path STDERR = Path.of("/proc/self/fd/2");
    private static final long TERMINAL_PERIOD_NS = 200_000_000L;
    private static final long ASKED_PERIOD_NS = 5_000_000_000L;
    private static final long LINES_PERIOD_NS = 30_000_000_000L;
    private static final int WIDTH = 79;

    /** The {@code --progress} option. */
    static final class Choice {
        @Option(
                names = "--progress",
                negatable = true,
                description =
                        "Tell how far it has come, on the standard error stream, every five seconds where that is no"
                                + " terminal (default: every 30 seconds there).")
        private Boolean isAsked;

        Progress begin(final PrintWriter err) {
            return new Progress(err, isTerminal(), isAsked, System::nanoTime);
        }
    }

    private final PrintWriter err;
    private final boolean isTerminal;
    private final boolean isShown;
    private final long periodNs;
    private final LongSupplier clock;
    private final long beganNs;
    private long nextNs;
    private boolean isLineOpen;

    /**
     * Progress from now on.
     *
     * @param isAsked whether it is to be told, or null when nothing was said.
     * @param clock   in nanoseconds.
     */
    Progress(final PrintWriter err, final boolean isTerminal, final Boolean isAsked, final LongSupplier clock) {
        this.err = err;
        this.isTerminal = isTerminal;
        this.clock = clock;
        isShown = !Boolean.FALSE.equals(isAsked);
        periodNs = isTerminal ? TERMINAL_PERIOD_NS : isAsked == null ? LINES_PERIOD_NS : ASKED_PERIOD_NS;
        beganNs = clock.getAsLong();
        nextNs = isTerminal || isAsked != null ? beganNs : beganNs + periodNs;
    }

    /**
     * Tells how far it has come, if it is time to.
     *
     * @param what  has been done so far, such as "verified".
     * @param done  of {@code total}, in any unit.
     * @param total 0 when it is not known.
     * @param bytes moved so far.
     */
    void show(final String what, final long done, final long total, final long bytes) {
        final long nowNs = clock.getAsLong();
        if (!isShown || nowNs < nextNs) {
            return;
        }
        nextNs = nowNs + periodNs;
        final double seconds = Math.max(1e-3, (nowNs - beganNs) / 1e9);
        final String text = String.format(
                Locale.ROOT,
                "%s%s, %s/s",
                total == 0 ? "" : String.format(Locale.ROOT, "%3d%% ", 100 * done / total),
                ByteSize.format(bytes) + " " + what,
                ByteSize.format((long) (bytes / seconds)));
        if (isTerminal) {
            err.print("\r" + pad(text));
            isLineOpen = true;
        } else {
            err.println("varve: " + text);
        }
        err.flush();
    }

    /** Clears the line, before something else is printed. */
    void clear() {
        if (isLineOpen) {
            err.print("\r" + pad("") + "\r");
            err.flush();
            isLineOpen = false;
        }
    }

    private static String pad(final String text) {
        return text.length() >= WIDTH ? text.substring(0, WIDTH) : text + " ".repeat(WIDTH - text.length());
    }

    private static boolean isTerminal() {
        return isTerminal(STDERR);
    }

    /** Whether a descriptor, by its link under /proc, is a terminal. */
    static boolean isTerminal(final Path descriptor) {
        try {
            final String target = Files.readSymbolicLink(descriptor).toString();
            return target.startsWith("/dev/pts/") || target.startsWith("/dev/tty") || target.equals("/dev/console");
        } catch (final IOException e) {
            return false;
        }
    }
}

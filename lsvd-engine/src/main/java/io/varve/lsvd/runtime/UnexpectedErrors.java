package io.varve.lsvd.runtime;

import java.lang.System.Logger.Level;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Errors that nobody foresaw, of something that goes on: each is told once, and the last is shown until all has gone well for
 * {@value #CALM_S} s. How long to wait before the next try grows from {@value #SHORTEST_MS} ms to {@value #LONGEST_MS} ms, and begins anew
 * when the last is not shown any more. Nothing here throws, also when there is no memory left: what could not be told then is told with
 * the next error. One thread's, but for {@link #last()}.
 */
public final class UnexpectedErrors {
    /** How long all has to go well before the last error is forgotten, in seconds. */
    public static final long CALM_S = 60;

    static final long SHORTEST_MS = 100;
    static final long LONGEST_MS = 30_000;

    private static final System.Logger LOG = System.getLogger(UnexpectedErrors.class.getName());
    private static final String NO_MEMORY = "there is no memory left";

    private final String name;
    private final LongSupplier clockNs;
    private final String outOfMemory;
    private String told;
    private long waitMs;
    private long failedNs;
    private volatile String last;

    /**
     * Makes an account of errors.
     *
     * @param name    of what meets them, for messages.
     * @param clockNs a monotonic clock in nanoseconds.
     */
    public UnexpectedErrors(final String name, final LongSupplier clockNs) {
        this.name = name;
        this.clockNs = clockNs;
        // Now, since there may be no memory for it when it is needed.
        outOfMemory = name + ": " + NO_MEMORY + "; it is tried again";
    }

    /** Something has failed. */
    public void onError(final Throwable error) {
        failedNs = clockNs.getAsLong();
        waitMs = last == null ? SHORTEST_MS : Math.min(LONGEST_MS, waitMs * 2);
        String text = outOfMemory;
        try {
            if (!(error instanceof OutOfMemoryError)) {
                text = name + ": unexpected error: " + describe(error) + "; it is tried again";
            }
        } catch (final Throwable another) {
            // There is no memory for the words.
        }
        // Once, so that nobody sees another error in between.
        last = text;
        try {
            if (!text.equals(told)) {
                LOG.log(Level.ERROR, text);
                LOG.log(Level.DEBUG, name, error);
                told = text;
            }
        } catch (final Throwable another) {
            told = null;
        }
    }

    /** An error in words. */
    public static String describe(final Throwable error) {
        if (error instanceof OutOfMemoryError) {
            return NO_MEMORY;
        }
        final String what = error.getMessage() == null
                ? error.getClass().getSimpleName()
                : error.getClass().getSimpleName() + ": " + error.getMessage();
        final StackTraceElement[] trace = error.getStackTrace();
        return trace.length == 0 ? what : what + " (" + trace[0].getFileName() + ":" + trace[0].getLineNumber() + ")";
    }

    /** Whether it is too early for another try. */
    public boolean isTooEarly() {
        return last != null && clockNs.getAsLong() - failedNs < TimeUnit.MILLISECONDS.toNanos(waitMs);
    }

    /** A try has gone well. */
    public void onSuccess() {
        if (last != null && clockNs.getAsLong() - failedNs >= TimeUnit.SECONDS.toNanos(CALM_S)) {
            last = null;
            told = null;
        }
    }

    /** The last error in one line, or null when there has been none lately. Any thread. */
    public String last() {
        return last;
    }
}

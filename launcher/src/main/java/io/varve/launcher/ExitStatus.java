package io.varve.launcher;

/** Exit statuses of the {@code varve} command. */
public final class ExitStatus {
    /** Done as asked; for {@code serve}: ended by a signal, with everything shipped or durable in the log. */
    public static final int OK = 0;

    /**
     * The daemon had to end: the volume or the reactor failed. What was acknowledged is in the log. Or a store is not fit, a
     * volume is damaged, or copying one could not be finished.
     */
    public static final int FAILED = 1;

    /** Wrong use, settings, or surroundings: one line says what; nothing was changed. */
    public static final int WRONG_USE = 2;

    /** A fault in Varve itself (EX_SOFTWARE of sysexits.h). */
    public static final int INTERNAL_ERROR = 70;

    private ExitStatus() {}
}

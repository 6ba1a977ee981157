package io.varve.launcher.logging;

/** What the process logs. */
public final class Logging {
    private static volatile System.Logger.Level level = System.Logger.Level.INFO;

    private Logging() {}

    /**
     * Sets the least level that is logged. To be called before the first message.
     *
     * @param least messages below it are dropped.
     */
    public static void setLevel(final System.Logger.Level least) {
        level = least;
    }

    static System.Logger.Level level() {
        return level;
    }
}

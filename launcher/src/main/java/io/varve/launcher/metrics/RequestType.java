package io.varve.launcher.metrics;

import java.util.Locale;

/** Kinds of requests that a guest makes. */
public enum RequestType {
    /** Reads data. */
    READ,
    /** Writes data. */
    WRITE,
    /** Makes what was written durable. */
    FLUSH,
    /** Gives up data. */
    DISCARD,
    /** Writes zeros without sending them. */
    WRITE_ZEROES;

    private static final RequestType[] ALL = values();

    static int count() {
        return ALL.length;
    }

    static RequestType at(final int ordinal) {
        return ALL[ordinal];
    }

    String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}

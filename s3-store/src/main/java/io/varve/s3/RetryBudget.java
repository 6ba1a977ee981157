package io.varve.s3;

/**
 * Bounds what trying again costs a server that is in trouble: each repeated attempt takes one token, each success gives a
 * part of one back. When none is left, failures are final at once. Used by any thread.
 */
final class RetryBudget {
    /** Successes that earn a token. */
    static final int SUCCESSES_PER_TOKEN = 10;

    private final long capacity;
    private long parts;

    /** A full budget of so many tokens. */
    RetryBudget(final int tokens) {
        capacity = (long) tokens * SUCCESSES_PER_TOKEN;
        parts = capacity;
    }

    /** Takes a token if there is one. */
    synchronized boolean take() {
        if (parts < SUCCESSES_PER_TOKEN) {
            return false;
        }
        parts -= SUCCESSES_PER_TOKEN;
        return true;
    }

    /** Counts a success. */
    synchronized void succeeded() {
        parts = Math.min(capacity, parts + 1);
    }
}

package io.varve.lsvd.destage;

/**
 * The checkpoint that is put before an epoch may be ended, and whether the store has taken it. Whoever asks for one waits
 * for the store without giving anything up: the epoch goes on as it was if the wish is taken back. It is put even if nothing
 * has changed: only an object that the store has just taken shows that it takes a seal as well.
 *
 * <p>The reactor asks, the destager's thread puts. A checkpoint counts for the wish that it was begun for, and for no later
 * one.
 */
final class LastCheckpoint {
    private static final int NONE = 0;

    private int wishes;
    private volatile int wanted;
    private volatile int stored;
    private int begun;

    /** Asks for one, or takes that back. Reactor only. */
    void want(final boolean value) {
        if (value != isWanted()) {
            wanted = value ? ++wishes : NONE;
        }
    }

    /** Whether one is asked for, be it there or not. Any thread. */
    boolean isWanted() {
        return wanted != NONE;
    }

    /** Whether the store has taken one since it was asked for. Reactor only. */
    boolean isStored() {
        return isWanted() && stored == wanted;
    }

    /** Whether one is to be begun. The destager's thread, as all below. */
    boolean isDue() {
        final int current = wanted;
        return current != NONE && current != begun;
    }

    /** A checkpoint is made now. */
    void onBegun() {
        begun = wanted;
    }

    /** The checkpoint that was begun last is in the store. */
    void onStored() {
        stored = begun;
    }
}

package io.varve.launcher.daemon;

/**
 * How long a reactor that has nothing to do goes on polling before it sleeps. It learns from what has ended its sleeps, as QEMU's
 * I/O threads do: what came so soon that polling would have met it makes the window twice as long, up to a most, and what came
 * later makes it half as long. So a disk that is busy is polled for, and one that is not costs nothing. One thread's.
 */
final class PollWindow {
    /** Where a window begins that has been closed, in nanoseconds. */
    static final long FIRST_NS = 4_000;

    private final long mostNs;
    private long nowNs;

    /** @param mostNs in nanoseconds; 0 for none. */
    PollWindow(final long mostNs) {
        this.mostNs = mostNs;
        nowNs = mostNs;
    }

    /** Whether to go on polling after so many nanoseconds without work. */
    boolean isOpen(final long idleNs) {
        return idleNs < nowNs;
    }

    /** A sleep has ended with work, so many nanoseconds after the last. */
    void onWoken(final long idleNs) {
        if (idleNs <= mostNs) {
            nowNs = Math.min(mostNs, Math.max(FIRST_NS, 2 * nowNs));
        } else {
            nowNs = nowNs / 2 < FIRST_NS ? 0 : nowNs / 2;
        }
    }
}

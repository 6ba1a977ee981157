package io.varve.launcher.daemon;

import java.lang.System.Logger.Level;
import java.time.Instant;
import java.util.concurrent.TimeUnit;

/**
 * Tells, in one line on each side, what a client waits for its disk when it moves: the host that it leaves says when it was told to
 * stop and how long the rest of the volume took into the store, and the other one when the disk was wanted (a guest's first ring started, or an
 * NBD client's first command came), and how long it was until the first request came, and was answered. The reactor's.
 */
final class PauseLog {
    private static final System.Logger LOG = System.getLogger(PauseLog.class.getName());

    private final String name;
    private long fromNs;
    private Instant from;
    private long takenNs;
    private long askedNs;
    private boolean isAsked;
    private long unsentBytes;
    private State state = State.IDLE;

    private enum State {
        IDLE,
        HANDING_OVER,
        WANTED,
        TAKEN
    }

    PauseLog(final String name) {
        this.name = name;
    }

    /** The last ring is to stop, and the volume goes to another host. */
    void onHandOver(final long unsent) {
        begin(State.HANDING_OVER);
        unsentBytes = unsent;
    }

    /** Everything is in the store, and the epoch has ended. */
    void onHandedOver() {
        if (state == State.HANDING_OVER) {
            state = State.IDLE;
            LOG.log(
                    Level.INFO,
                    "volume {0}: handed over: rings to stop at {1}, {2} bytes shipped and sealed in {3} ms",
                    name,
                    from,
                    Long.toString(unsentBytes),
                    millis(System.nanoTime() - fromNs));
        }
    }

    /** A client wants a volume that is not here yet. */
    void onWanted() {
        isAsked = false;
        begin(State.WANTED);
    }

    /** The volume is here. */
    void onTaken() {
        if (state == State.WANTED) {
            state = State.TAKEN;
            takenNs = System.nanoTime();
        }
    }

    /** The client has made a request. */
    void onAsked() {
        if (!isAsked && (state == State.WANTED || state == State.TAKEN)) {
            isAsked = true;
            askedNs = System.nanoTime();
        }
    }

    /** A request has been answered. */
    void onServed() {
        if (state == State.TAKEN) {
            state = State.IDLE;
            LOG.log(
                    Level.INFO,
                    "volume {0}: taken: wanted from {1} on, the volume was here after {2} ms, the first request came"
                            + " after {3} ms and was answered at {4}, after {5} ms",
                    name,
                    from,
                    millis(takenNs - fromNs),
                    millis(askedNs - fromNs),
                    Instant.now(),
                    millis(System.nanoTime() - fromNs));
        }
    }

    private void begin(final State next) {
        state = next;
        from = Instant.now();
        fromNs = System.nanoTime();
    }

    private static String millis(final long ns) {
        return Long.toString(TimeUnit.NANOSECONDS.toMillis(ns));
    }
}

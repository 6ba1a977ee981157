package io.varve.vhostuser;

/** Is told of the turns that a session takes, on the reactor thread. May do nothing that waits. */
public interface SessionListener {
    /** Listens to nothing. */
    SessionListener NONE = new SessionListener() {};

    /** A front-end has connected. */
    default void onOpened() {}

    /** The first ring has started: from now on the guest uses the disk. */
    default void onFirstRingStarted() {}

    /** The last ring has stopped, and nothing is in flight: pause, reset, shutdown, or the end of a migration. */
    default void onLastRingStopped() {}

    /** The session has ended, and everything of it is released. */
    default void onClosed(final CloseReason reason) {}
}

package io.varve.vhostuser;

/** Is told of the turns that a session takes, on the reactor thread. May do nothing that waits. */
public interface SessionListener {
    /** Listens to nothing. */
    SessionListener NONE = new SessionListener() {};

    /** A front-end has connected. */
    default void onOpened() {}

    /** The first ring has started: from now on the guest uses the disk. */
    default void onFirstRingStarted() {}

    /**
     * The last ring is about to stop and nothing is in flight, while pages are logged: so this may be where a migration switches
     * over. Asked again and again until the answer may go out; the guest is stopped meanwhile.
     *
     * @return whether the front-end may be told; {@code true} at once unless something has to be done before.
     * @throws IllegalStateException when it must not be told, with the reason: the session ends.
     */
    default boolean isHandedOver() {
        return true;
    }

    /** The guest has made a request that waits in its ring, since the device takes none yet. Told once until the device does. */
    default void onRequestWaits() {}

    /** Pages that the device writes are logged from now on, or not any more: a migration has begun, or ended. */
    default void onMigration(final boolean isMigrating) {}

    /** The last ring has stopped, and nothing is in flight: pause, reset, shutdown, or the end of a migration. */
    default void onLastRingStopped() {}

    /** The session has ended, and everything of it is released. */
    default void onClosed(final CloseReason reason) {}
}

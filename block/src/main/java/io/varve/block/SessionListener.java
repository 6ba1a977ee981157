package io.varve.block;

/** Is told of the turns that a session takes, on the reactor thread. May do nothing that waits. */
public interface SessionListener {
    /** Listens to nothing. */
    SessionListener NONE = new SessionListener() {};

    /**
     * The client uses the disk from now on: a guest's first ring has started, or a first request has come. The device
     * becomes {@linkplain
     * BlockDevice#isReady() ready} if it is not, which may take its time.
     */
    default void onStarted() {}

    /** A request waits, since the device takes none yet. Told once until the device does. */
    default void onRequestWaits() {}

    /**
     * Pages that the device writes are logged from now on, or not any more: a migration of the client has begun, or
     * ended.
     */
    default void onMigration(final boolean isMigrating) {}

    /**
     * The client is about to stop, and to go on at another host, and nothing of it is in flight. Asked again and again
     * until the
     * answer may go out; the client waits meanwhile. Sessions of the volume's other exports {@linkplain
     * BlockDevice.Listener#deviceLost lose the device} by it.
     *
     * @return whether the client may be told; {@code true} at once unless something has to be done before.
     * @throws IllegalStateException when it must not be told, with the reason: the session ends.
     */
    default boolean isHandedOver() {
        return true;
    }

    /**
     * The client does not use the disk any more, and nothing is in flight: pause, reset, shutdown, or the end of a
     * migration. It may {@linkplain #onStarted start} again.
     */
    default void onStopped() {}

    /**
     * The session has ended, and everything of it is released. The last call; a client that used the disk does not any
     * more.
     */
    default void onClosed(final CloseReason reason) {}
}

package io.varve.block;

/**
 * One volume, served over one protocol at one address: the one contract between a protocol and the daemon.
 *
 * <p>A protocol's class that implements this is made with the reactor's {@link io.varve.linux.IoRing}, a socket that
 * listens, a {@link
 * BlockDevice}, {@link Sessions}, and what options it has. It owns the socket from then on. The volume's reactor
 * drives it as a {@link
 * Duty}, beside the volume's other exports, and drives the device before it. It registers with the ring what may wake
 * it: its socket,
 * and what its sessions wait for.
 *
 * <p>Its life: {@link #doWork()} accepts connections and serves sessions, until {@link #close()} or {@link
 * #abandon()}; then it ends them, until
 * {@link #isClosed()}. {@link #release()} may come at any time, and is always the last call. Clients are hostile or
 * broken: none of
 * them makes a method throw, or wait, or takes more than a stated share of memory and time, and a session that fails
 * takes no other
 * with it. What is thrown ends the volume's reactor.
 *
 * <p>All methods are the reactor's but for {@link #status()}.
 */
public interface Export extends Duty, BlockDevice.Listener, AutoCloseable {
    /** How it is, for people. Any thread: made anew when something changes. */
    ExportStatus status();

    /**
     * Stops listening, and begins to end all sessions: what is in flight is still answered, nothing new is taken. Go
     * on with {@link
     * #doWork()} while the device is driven. Idempotent.
     */
    @Override
    void close();

    /**
     * As {@link #close()}, and drops all connections: what is in flight is not answered any more, so that clients ask
     * again wherever
     * they connect next. Requests are {@linkplain BlockDevice#cancel given up}. Idempotent.
     */
    void abandon();

    /** Whether {@link #close()} was called, and all sessions have ended. */
    boolean isClosed();

    /**
     * Releases what is left, at once. Neither this nor the device is driven any more; neither completes anything. The
     * ring may still be open.
     * Idempotent.
     */
    void release();
}

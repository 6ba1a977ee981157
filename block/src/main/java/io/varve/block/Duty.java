package io.varve.block;

/**
 * Something that lives on a reactor's thread, which drives it in a loop:
 *
 * <pre>{@code
 * while (running) {
 *     int work = ring.turn(0) + duty.doWork();
 *     if (nothing to do for a while) {
 *         if (!duty.armNotifications()) {
 *             ring.turn(duty.maxIdleNs());
 *         }
 *         duty.disarmNotifications();
 *     }
 * }
 * }</pre>
 *
 * <p>No method waits. Whatever is to end the reactor's sleep completes something on its ring.
 */
public interface Duty {
    /** One cycle, of bounded work. Returns the amount of work done, 0 when there was none. */
    int doWork();

    /**
     * Asks that whatever comes next completes something on the ring, and looks once more.
     *
     * @return true when something has come already, or can only be polled: don't sleep.
     */
    boolean armNotifications();

    /** Takes that back: there is polling again. */
    void disarmNotifications();

    /**
     * How long the reactor may sleep, in nanoseconds, above 0, before something depends on time alone; {@link
     * Long#MAX_VALUE} for ever.
     */
    long maxIdleNs();
}

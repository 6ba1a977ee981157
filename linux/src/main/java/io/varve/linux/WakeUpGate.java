package io.varve.linux;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * Lets any thread end the wait of one: a wake-up given while that thread runs is remembered until it wants to wait, and
 * costs no system call. Lock-free; a thread that gives a wake-up never waits.
 *
 * <p>One word holds the state and, above it, the number of threads between {@link #wake()} and {@link #roused()}, so that
 * closing can wait for them: they use a descriptor whose number must not be somebody else's by then.
 */
final class WakeUpGate {
    private static final int RUNNING = 0;
    private static final int WAITING = 1;
    private static final int WOKEN = 2;
    private static final int CLOSED = 3;
    private static final int STATE_MASK = 3;
    private static final int ROUSER = 4;

    private static final VarHandle VH$word;

    static {
        try {
            VH$word = MethodHandles.lookup().findVarHandle(WakeUpGate.class, "word", int.class);
        } catch (final ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private volatile int word = RUNNING;

    /**
     * The owner wants to wait. Whatever it checks after this call and before it waits is seen by whoever changes it and
     * calls {@link #wake()}.
     *
     * @return false when it has been woken already: no wait, and the wake-up is used up.
     */
    boolean beginWait() {
        if (transit(RUNNING, WAITING)) {
            return true;
        }
        transit(WOKEN, RUNNING);
        return false;
    }

    /**
     * The owner waits no more.
     *
     * @return whether it was woken; the wake-up is used up.
     */
    boolean endWait() {
        if (transit(WAITING, RUNNING)) {
            return false;
        }
        return transit(WOKEN, RUNNING);
    }

    /** Whether the owner waits, or is about to, and has not been woken. */
    boolean isWaiting() {
        return (word & STATE_MASK) == WAITING;
    }

    /** Whether a wake-up has been given and not been used up. */
    boolean isWoken() {
        return (word & STATE_MASK) == WOKEN;
    }

    /**
     * Gives a wake-up.
     *
     * @return whether the caller must rouse the owner from its wait and then call {@link #roused()}.
     */
    boolean wake() {
        while (true) {
            final int current = word;
            final int state = current & STATE_MASK;
            if (state == WOKEN || state == CLOSED) {
                return false;
            }
            final int next = (current & ~STATE_MASK | WOKEN) + (state == WAITING ? ROUSER : 0);
            if (VH$word.compareAndSet(this, current, next)) {
                return state == WAITING;
            }
        }
    }

    /** The owner has been roused. */
    void roused() {
        VH$word.getAndAdd(this, -ROUSER);
    }

    /** No more wake-ups: afterwards nobody rouses any more. Idempotent. */
    void close() {
        VH$word.getAndBitwiseOr(this, CLOSED);
        while (word != CLOSED) {
            Thread.yield();
        }
    }

    private boolean transit(final int from, final int to) {
        while (true) {
            final int current = word;
            if ((current & STATE_MASK) != from) {
                return false;
            }
            if (VH$word.compareAndSet(this, current, current & ~STATE_MASK | to)) {
                return true;
            }
        }
    }
}

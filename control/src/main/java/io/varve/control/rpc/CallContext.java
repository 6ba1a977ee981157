package io.varve.control.rpc;

/** What the work of a call may want to know, and to tell. */
public interface CallContext {
    /**
     * Tells how far it has come. Only a job's client sees it.
     *
     * @param done  bytes or objects, of {@code total}.
     * @param total 0 when it is not known.
     */
    void progress(long done, long total);

    /** Whether the call is carried out as a job, so that nobody waits for its connection. */
    boolean isJob();

    /** Whether the work is to be broken off: it throws {@link java.util.concurrent.CancellationException} soon then. */
    boolean isCancelled();

    /** Has something done, once, when the connection ends that made the call; at once when it has ended. */
    void onDisconnect(Runnable task);

    /**
     * Has it not done any more.
     *
     * @param task what was given to {@link #onDisconnect}.
     */
    void forget(Runnable task);

    /** Whether the connection has ended, as far as is known. By the thread that carries the call out. */
    boolean isDisconnected();
}

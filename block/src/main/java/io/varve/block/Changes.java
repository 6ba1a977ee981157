package io.varve.block;

/**
 * What has changed of a device since an earlier state of it. Another thread finds it out, and wakes the reactor when {@link #state()} becomes
 * another. All methods are the reactor's.
 */
public interface Changes extends AutoCloseable {
    /** How far that has come. */
    enum State {
        /** Whether there is such an earlier state is not known yet. */
        SOUGHT,

        /** There is, and what has changed is being found out. */
        FOUND,

        /** It is known. */
        READY,

        /** There is no such earlier state. */
        UNKNOWN,

        /** It could not be found out. */
        FAILED
    }

    /** How far it has come: from {@link State#SOUGHT} on, and then not back. */
    State state();

    /**
     * Tells which parts of a range have changed, as {@link BlockDevice#extents} tells which hold data, but at once: an answer's parts that are
     * {@linkplain Extents#isAllocated allocated} may have changed, all others have not. Only when {@link State#READY}.
     *
     * @param answer emptied, and filled from {@code offset} on with at least a sector.
     */
    void extents(long offset, long length, Extents answer);

    /** Whoever asked does not any more. Idempotent. */
    @Override
    void close();
}

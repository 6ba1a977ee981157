package io.varve.lsvd;

/** Receives the outcome of a request to a {@link Volume}, on the reactor thread. */
@FunctionalInterface
public interface VolumeCompletion {
    /** The request was carried out. */
    int OK = 0;

    /** The request failed; nothing may be assumed of the range that it names. */
    int IO_ERROR = 1;

    /** The volume's map has no room for more extents; nothing was done. */
    int NO_SPACE = 2;

    /** The volume is read-only; nothing was done. */
    int NOT_PERMITTED = 3;

    /** The volume is another host's now, or is being let go. Nothing may be assumed of the range. */
    int GONE = 4;

    /**
     * A request is done.
     *
     * @param token  what the request was given.
     * @param status one of the above.
     */
    void onComplete(long token, int status);
}

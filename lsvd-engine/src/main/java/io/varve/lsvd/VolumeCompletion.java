package io.varve.lsvd;

/** Receives the outcome of a request to a {@link Volume}, on the reactor thread. */
@FunctionalInterface
public interface VolumeCompletion {
    /** The request was carried out. */
    int OK = 0;

    /** The request failed; nothing may be assumed of the range that it names. */
    int IO_ERROR = 1;

    /**
     * A request is done.
     *
     * @param token  what the request was given.
     * @param status {@link #OK} or {@link #IO_ERROR}.
     */
    void onComplete(long token, int status);
}

package io.varve.lsvd;

/** Is told how far the removal of a volume has come. */
@FunctionalInterface
public interface RemovalListener {
    /** Does nothing. */
    RemovalListener NONE = (done, total, bytes) -> {};

    /**
     * Some objects are gone.
     *
     * @param done  number of objects deleted so far.
     * @param total number of objects to delete.
     * @param bytes deleted so far.
     */
    void onProgress(long done, long total, long bytes);
}

package io.varve.lsvd.cache;

/** One reactor's way to read a {@link CacheFile}; belongs to the reactor thread. */
public interface CacheReader {
    /** Receives answers, on the reactor thread, from within its turn. */
    @FunctionalInterface
    interface Listener {
        /**
         * A read has been answered.
         *
         * @param token  what it was given: 48 bits.
         * @param result number of bytes, or a negated errno.
         */
        void onRead(long token, int result);
    }

    /** Sets who is answered; before the first read. */
    void listener(Listener listener);

    /** Reads into native memory; offset, address and length are multiples of 4096. */
    void read(long offset, long address, int length, long token);

    /** Ends: nobody is answered any more. */
    default void close() {}
}

package io.varve.lsvd.log;

import io.varve.linux.IoRing;
import java.io.IOException;
import java.lang.foreign.MemorySegment;

/**
 * The file that holds a local log, behind an interface that a simulator can replace.
 *
 * <p>Asynchronous operations belong to the reactor thread and are answered there, in any order, from within the reactor's
 * turn. Offsets, lengths and addresses are multiples of 4096. Blocking operations may be called by any thread.
 */
public interface LogDevice extends AutoCloseable {
    /** Receives answers, on the reactor thread. */
    @FunctionalInterface
    interface Listener {
        /**
         * An operation has been answered.
         *
         * @param token  what it was given: 48 bits.
         * @param result number of bytes, or a negated errno.
         */
        void onCompletion(long token, int result);
    }

    /** A way to read the file through another ring. Belongs to that ring's thread, which is answered there. */
    interface Reader extends AutoCloseable {
        /** As {@link LogDevice#read}. */
        void read(long offset, long address, int length, long token);

        /** Ends: nobody is answered any more. */
        @Override
        void close();
    }

    /**
     * Makes a way to read through another ring, on whose thread this is called. The file must stay open while it is used.
     *
     * @return null when there is none.
     */
    default Reader reader(final IoRing other, final Listener listener) {
        return null;
    }

    /** Registers a listener and gives its number. */
    int register(Listener listener);

    /** Writes from native memory, which must not change until the answer. */
    void write(long offset, long address, int length, int listener, long token);

    /** Reads into native memory. */
    void read(long offset, long address, int length, int listener, long token);

    /** Makes durable everything whose write was answered before this call. */
    void sync(int listener, long token);

    /** Reads a range, waiting for it. */
    void readFully(long offset, MemorySegment target) throws IOException;

    /** Writes a range, waiting for it. */
    void writeFully(long offset, MemorySegment source) throws IOException;

    /** Makes durable what has been written, waiting for it. */
    void syncFully() throws IOException;

    /** Length in bytes. */
    long length();

    /** What to call it in messages. */
    String name();

    /** Gives the file, and its lock, back. */
    @Override
    void close();
}

package io.varve.nbd;

import io.varve.linux.ErrnoException;
import io.varve.linux.SendList;

/** What carries a connection's bytes: the socket, or TLS over it. Nothing here waits. */
interface Transport extends AutoCloseable {
    /** As {@link io.varve.linux.StreamSocket#receive}. */
    int receive(long address, int length) throws ErrnoException;

    /** Whether the last call to receive took all that the socket had. */
    boolean isDrained();

    /** As {@link io.varve.linux.StreamSocket#send}: what is counted as sent may be on its way for as long as {@link #hasUnsent()}. */
    int send(SendList list) throws ErrnoException;

    /** Whether something that was counted as sent has not left yet. */
    boolean hasUnsent();

    /** Goes on with that. Returns whether all has left. */
    boolean flush() throws ErrnoException;

    /** Whether more can be received without the socket saying so. */
    boolean hasReceived();

    /** Whether another thread has work for it, which wakes the ring when it is done. */
    boolean isBusy();

    @Override
    void close();
}

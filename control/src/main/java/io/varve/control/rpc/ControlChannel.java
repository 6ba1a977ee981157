package io.varve.control.rpc;

import java.io.IOException;
import java.nio.ByteBuffer;

/** A connection as the operating system has it. One thread reads and writes. */
public interface ControlChannel extends AutoCloseable {
    /**
     * Waits until there is something, and receives it.
     *
     * @return bytes received; -1 at the end.
     */
    int read(ByteBuffer target) throws IOException;

    /**
     * Sends all of it.
     *
     * @throws IOException also when the peer has not read for some seconds.
     */
    void write(ByteBuffer bytes) throws IOException;

    /** Whether the peer is gone for good: it neither sends nor reads any more. */
    boolean isPeerGone();

    /** Ends the connection; whoever reads sees the end. Any thread, not with {@link #close()}. */
    void shutdown();

    /** Lets go of it. Idempotent. */
    @Override
    void close();
}

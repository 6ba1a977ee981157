package io.varve.launcher.control;

import io.varve.control.rpc.ControlChannel;
import io.varve.linux.ErrnoException;
import io.varve.linux.FdList;
import io.varve.linux.UnixSocket;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/** A connection at a Unix socket. It holds no memory while it waits. */
final class UnixChannel implements ControlChannel {
    /** How long an answer may wait for the client to read, in milliseconds, before the client is dropped. */
    private static final int SEND_TIMEOUT_MS = 5_000;

    private final UnixSocket socket;
    private final FdList strays = new FdList(1);

    /** Takes over a connected socket. */
    UnixChannel(final UnixSocket socket) {
        this.socket = socket;
    }

    @Override
    public int read(final ByteBuffer target) throws IOException {
        while (true) {
            socket.awaitReadable(-1);
            try (Arena arena = Arena.ofConfined()) {
                final MemorySegment received = arena.allocate(target.remaining());
                final int count = socket.receive(received.address(), target.remaining(), strays);
                strays.closeAll();
                if (count == 0) {
                    return -1;
                }
                if (count > 0) {
                    target.put(received.asSlice(0, count).asByteBuffer());
                    return count;
                }
            }
        }
    }

    @Override
    public void write(final ByteBuffer bytes) throws IOException {
        final int length = bytes.remaining();
        try (Arena arena = Arena.ofConfined()) {
            final MemorySegment copy = arena.allocate(length);
            copy.asByteBuffer().put(bytes);
            socket.sendFully(copy.address(), length, null, SEND_TIMEOUT_MS);
        }
    }

    @Override
    public boolean isPeerGone() {
        try {
            return socket.isPeerGone();
        } catch (final ErrnoException e) {
            return true;
        }
    }

    @Override
    public void shutdown() {
        socket.shutdown();
    }

    @Override
    public void close() {
        socket.close();
    }
}

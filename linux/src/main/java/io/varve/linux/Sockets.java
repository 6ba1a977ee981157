package io.varve.linux;

import io.varve.linux.UnixSocket.PeerCredentials;
import java.lang.foreign.Arena;

/** What all kinds of sockets have in common ({@code socket(7)}). */
final class Sockets {
    /** A stream socket that is closed on exec. */
    static final int STREAM = 0x80001;

    /** A stream socket. */
    static final int SOCK_STREAM = 1;

    /** The level of options of all sockets. */
    static final int SOL_SOCKET = 1;

    private static final int SOCK_CLOEXEC = 0x80000;
    private static final int SO_PEERCRED = 17;

    private Sockets() {}

    /**
     * Accepts a connection, without waiting; it is closed on exec.
     *
     * @param fd listens and does not block.
     * @return the connection's descriptor; or {@link UnixSocket#WOULD_BLOCK} when there is none (any more).
     * @throws ErrnoException when it fails, be it for want of descriptors (EMFILE).
     */
    static int accept(final int fd) throws ErrnoException {
        while (true) {
            final int result = SocketCalls.accept4(fd, 0, 0, SOCK_CLOEXEC);
            if (result == UnixSocket.WOULD_BLOCK) {
                return result;
            }
            if (result != -Errno.EINTR && result != -Errno.ECONNABORTED) {
                return ErrnoException.check(result, "accept");
            }
        }
    }

    /**
     * Who is at the other end of a socket of the Unix domain.
     *
     * @throws ErrnoException when not connected.
     */
    static PeerCredentials peerCredentials(final int fd) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            final long value = arena.allocate(4 * Integer.BYTES, Integer.BYTES).address();
            final long length = value + 3 * Integer.BYTES;
            Memory.putInt(length, 3 * Integer.BYTES);
            ErrnoException.check(SocketCalls.getsockopt(fd, SOL_SOCKET, SO_PEERCRED, value, length), "SO_PEERCRED");
            return new PeerCredentials(Memory.getInt(value), Memory.getInt(value + 4), Memory.getInt(value + 8));
        }
    }
}

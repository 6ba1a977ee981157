package io.varve.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;

/**
 * A datagram socket in the Unix domain that sends to one address ({@code unix(7)}), closed on exec. Sending never waits, and
 * a writer never gets SIGPIPE. Any thread.
 */
public final class UnixDatagram implements AutoCloseable {
    private static final int AF_UNIX = 1;
    private static final int SOCK_DGRAM = 2;
    private static final int SOCK_CLOEXEC = 0x80000;
    private static final int SUN_PATH_OFFSET = 2;

    private final SocketMessage message = new SocketMessage();
    private int fd;

    private UnixDatagram(final int fd) {
        this.fd = fd;
    }

    /**
     * Connects to an address.
     *
     * @param address a path, or a name in the abstract namespace behind an {@code @}; at most
     *                {@link UnixSocket#MAX_PATH_BYTES} bytes.
     * @throws ErrnoException when nobody receives there (ENOENT, ECONNREFUSED), it is not permitted (EACCES) or the address is
     *                        too long (ENAMETOOLONG).
     */
    public static UnixDatagram connect(final String address) throws ErrnoException {
        final byte[] name = address.getBytes(StandardCharsets.UTF_8);
        if (name.length > UnixSocket.MAX_PATH_BYTES) {
            throw new ErrnoException("connect to " + address, Errno.ENAMETOOLONG);
        }
        final UnixDatagram datagram = new UnixDatagram(
                ErrnoException.check(SocketCalls.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket"));
        try (Arena arena = Arena.ofConfined()) {
            final boolean isAbstract = name.length > 0 && name[0] == '@';
            if (isAbstract) {
                name[0] = 0;
            }
            final long memory = arena.allocate(SUN_PATH_OFFSET + UnixSocket.MAX_PATH_BYTES + 1, Long.BYTES)
                    .address();
            Memory.putShort(memory, (short) AF_UNIX);
            Memory.copy(name, 0, memory + SUN_PATH_OFFSET, name.length);
            // The name of an abstract address ends where the address does, not with a 0.
            final int length = SUN_PATH_OFFSET + name.length + (isAbstract ? 0 : 1);
            ErrnoException.check(SocketCalls.connect(datagram.fd, memory, length), "connect to " + address);
            return datagram;
        } catch (final ErrnoException e) {
            datagram.close();
            throw e;
        }
    }

    /**
     * Sends one datagram.
     *
     * @throws ErrnoException when nobody receives any more, or the receiver's queue is full (EAGAIN).
     */
    public synchronized void send(final byte[] content) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            final MemorySegment copy = arena.allocate(Math.max(1, content.length));
            MemorySegment.copy(content, 0, copy, ValueLayout.JAVA_BYTE, 0, content.length);
            ErrnoException.check(message.send(fd, copy.address(), content.length, null), "sendmsg");
        }
    }

    /** Closes the socket. Idempotent. */
    @Override
    public synchronized void close() {
        Fd.close(fd);
        fd = -1;
    }
}

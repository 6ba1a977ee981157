package io.varve.linux;

import java.lang.foreign.Arena;

/**
 * A socket for generic netlink ({@code netlink(7)}), by which user programs speak with parts of the kernel; closed on exec.
 * Messages are whole, from their header on. One thread at a time.
 */
public final class NetlinkSocket implements AutoCloseable {
    /** Greatest length of a message that is received, in bytes; of a longer one the rest is lost. */
    public static final int MAX_MESSAGE = 16 << 10;

    private static final int AF_NETLINK = 16;
    private static final int SOCK_RAW = 3;
    private static final int SOCK_CLOEXEC = 0x80000;
    private static final int NETLINK_GENERIC = 16;
    private static final int SOCKADDR_NL_SIZE = 12;
    private static final int MSG_DONTWAIT = 0x40;

    private final SocketMessage message = new SocketMessage();
    private int fd;

    private NetlinkSocket(final int fd) {
        this.fd = fd;
    }

    /**
     * Opens a socket, with an address that the kernel chooses.
     *
     * @throws ErrnoException when that is not permitted, or the kernel has no generic netlink (EPROTONOSUPPORT).
     */
    public static NetlinkSocket open() throws ErrnoException {
        final NetlinkSocket socket = new NetlinkSocket(ErrnoException.check(
                SocketCalls.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC), "netlink socket"));
        try (Arena arena = Arena.ofConfined()) {
            final long address = arena.allocate(SOCKADDR_NL_SIZE, Integer.BYTES).address();
            Memory.putShort(address, (short) AF_NETLINK);
            ErrnoException.check(SocketCalls.bind(socket.fd, address, SOCKADDR_NL_SIZE), "bind a netlink socket");
            return socket;
        } catch (final ErrnoException e) {
            socket.close();
            throw e;
        }
    }

    /**
     * Sends a message to the kernel, which acts on it before this returns.
     *
     * @throws ErrnoException when it is not taken.
     */
    public void send(final byte[] bytes) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            final long copy = arena.allocate(bytes.length, Long.BYTES).address();
            Memory.copy(bytes, 0, copy, bytes.length);
            ErrnoException.check(message.send(fd, copy, bytes.length, null), "send to the kernel");
        }
    }

    /**
     * Receives what the kernel has sent at once: one message, or several behind each other.
     *
     * @param timeoutMs most milliseconds to wait.
     * @throws ErrnoException when nothing has come in time (ETIMEDOUT), or it fails.
     */
    public byte[] receive(final int timeoutMs) throws ErrnoException {
        if (!message.await(fd, IoRing.POLLIN, timeoutMs)) {
            throw new ErrnoException("receive from the kernel", Errno.ETIMEDOUT);
        }
        try (Arena arena = Arena.ofConfined()) {
            final long buffer = arena.allocate(MAX_MESSAGE, Long.BYTES).address();
            final int length = (int) ErrnoException.check(
                    SocketCalls.recv(fd, buffer, MAX_MESSAGE, MSG_DONTWAIT), "receive from the kernel");
            final byte[] bytes = new byte[length];
            Memory.copy(buffer, bytes, 0, length);
            return bytes;
        }
    }

    /** Closes the descriptor. Idempotent. */
    @Override
    public void close() {
        Fd.close(fd);
        fd = -1;
    }
}

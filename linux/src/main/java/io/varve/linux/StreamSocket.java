package io.varve.linux;

import java.lang.foreign.Arena;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;

/**
 * A stream socket that carries bytes only, in the Unix domain or over TCP, closed on exec.
 *
 * <p>Accepting, sending and receiving never wait: they say {@link UnixSocket#WOULD_BLOCK}, and the descriptor can be watched. A
 * writer never gets SIGPIPE. Nothing is allocated by sending and receiving. One thread at a time.
 */
public final class StreamSocket implements AutoCloseable {
    private static final int AF_INET = 2;
    private static final int AF_INET6 = 10;
    private static final int SOCK_STREAM = 1;
    private static final int SOCK_CLOEXEC = 0x80000;
    private static final int SOL_SOCKET = 1;
    private static final int SO_REUSEADDR = 2;
    private static final int SO_KEEPALIVE = 9;
    private static final int SO_PEERCRED = 17;
    private static final int IPPROTO_TCP = 6;
    private static final int TCP_NODELAY = 1;
    private static final int TCP_KEEPIDLE = 4;
    private static final int TCP_KEEPINTVL = 5;
    private static final int TCP_KEEPCNT = 6;
    private static final int IPPROTO_IPV6 = 41;
    private static final int IPV6_V6ONLY = 26;
    private static final int MSG_DONTWAIT = 0x40;

    private static final int SOCKADDR_IN_SIZE = 16;
    private static final int SOCKADDR_IN6_SIZE = 28;
    private static final int IN_ADDRESS_OFFSET = 4;
    private static final int IN6_ADDRESS_OFFSET = 8;
    private static final int IN6_SCOPE_OFFSET = 24;

    /** A host that is gone without a word is noticed after one minute of silence and three unanswered probes. */
    private static final int KEEPALIVE_IDLE_S = 60;

    private static final int KEEPALIVE_INTERVAL_S = 10;
    private static final int KEEPALIVE_PROBES = 3;

    private final boolean isTcp;
    private int fd;

    private StreamSocket(final int fd, final boolean isTcp) {
        this.fd = fd;
        this.isTcp = isTcp;
    }

    /** Takes over a socket of the Unix domain, which is used by nobody else from then on. */
    public static StreamSocket of(final UnixSocket socket) {
        return new StreamSocket(socket.release(), false);
    }

    /**
     * Listens for TCP connections.
     *
     * @param address resolved; port 0 takes any that is free. All addresses of the machine for the wildcard, of one family only.
     * @param backlog most connections that wait to be accepted.
     * @throws ErrnoException when the address is taken (EADDRINUSE), is not this machine's (EADDRNOTAVAIL), or is not permitted (EACCES).
     */
    public static StreamSocket listen(final InetSocketAddress address, final int backlog) throws ErrnoException {
        final boolean isV6 = address.getAddress() instanceof Inet6Address;
        final String what = "listen at " + address;
        final StreamSocket socket = new StreamSocket(
                ErrnoException.check(
                        SocketCalls.socket(isV6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), what),
                true);
        try (Arena arena = Arena.ofConfined()) {
            socket.set(SOL_SOCKET, SO_REUSEADDR, 1);
            if (isV6) {
                socket.set(IPPROTO_IPV6, IPV6_V6ONLY, 1);
            }
            final int length = isV6 ? SOCKADDR_IN6_SIZE : SOCKADDR_IN_SIZE;
            final long name = arena.allocate(length, Long.BYTES).address();
            Memory.putShort(name, (short) (isV6 ? AF_INET6 : AF_INET));
            Memory.putShort(name + 2, Short.reverseBytes((short) address.getPort()));
            final byte[] bytes = address.getAddress().getAddress();
            Memory.copy(bytes, 0, name + (isV6 ? IN6_ADDRESS_OFFSET : IN_ADDRESS_OFFSET), bytes.length);
            if (address.getAddress() instanceof final Inet6Address v6) {
                Memory.putInt(name + IN6_SCOPE_OFFSET, v6.getScopeId());
            }
            ErrnoException.check(SocketCalls.bind(socket.fd, name, length), what);
            ErrnoException.check(SocketCalls.listen(socket.fd, backlog), what);
            Fd.setNonBlocking(socket.fd);
            return socket;
        } catch (final ErrnoException e) {
            socket.close();
            throw e;
        }
    }

    /**
     * Accepts a connection, without waiting. One over TCP sends at once what it is given, and notices a peer that has gone silent.
     *
     * @return null when there is none (any more).
     * @throws ErrnoException when it fails, be it for want of descriptors (EMFILE).
     */
    public StreamSocket accept() throws ErrnoException {
        while (true) {
            final int result = SocketCalls.accept4(fd, 0, 0, SOCK_CLOEXEC);
            if (result == UnixSocket.WOULD_BLOCK) {
                return null;
            }
            if (result == -Errno.EINTR || result == -Errno.ECONNABORTED) {
                continue;
            }
            final StreamSocket accepted = new StreamSocket(ErrnoException.check(result, "accept"), isTcp);
            try {
                if (isTcp) {
                    accepted.set(IPPROTO_TCP, TCP_NODELAY, 1);
                    accepted.set(SOL_SOCKET, SO_KEEPALIVE, 1);
                    accepted.set(IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S);
                    accepted.set(IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S);
                    accepted.set(IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_PROBES);
                }
                return accepted;
            } catch (final ErrnoException e) {
                accepted.close();
                throw e;
            }
        }
    }

    /**
     * Receives what is there.
     *
     * @param address to fill.
     * @param length  most bytes to receive, above 0.
     * @return bytes received; 0 when the peer has shut down; or {@link UnixSocket#WOULD_BLOCK}.
     * @throws ErrnoException when the connection broke (ECONNRESET).
     */
    public int receive(final long address, final int length) throws ErrnoException {
        int result;
        do {
            result = (int) SocketCalls.recv(fd, address, length, MSG_DONTWAIT);
        } while (result == -Errno.EINTR);
        return result == UnixSocket.WOULD_BLOCK ? result : ErrnoException.check(result, "recv");
    }

    /**
     * Sends the pieces of a list, by one call.
     *
     * @param list not empty.
     * @return bytes sent, from 1 to all of them; or {@link UnixSocket#WOULD_BLOCK}: nothing was sent.
     * @throws ErrnoException when the peer has gone (EPIPE, ECONNRESET).
     */
    public int send(final SendList list) throws ErrnoException {
        final int result = list.send(fd);
        return result == UnixSocket.WOULD_BLOCK ? result : ErrnoException.check(result, "sendmsg");
    }

    /** Who is at the other end, in a word for people: address and port, or process and user. Null when it can't be told. */
    public String peer() {
        try (Arena arena = Arena.ofConfined()) {
            final long name = arena.allocate(32 + Long.BYTES, Long.BYTES).address();
            final long length = name + 32;
            Memory.putInt(length, 32);
            if (isTcp) {
                return SocketCalls.getpeername(fd, name, length) < 0 ? null : text(name);
            }
            return SocketCalls.getsockopt(fd, SOL_SOCKET, SO_PEERCRED, name, length) < 0
                    ? null
                    : "process " + Memory.getInt(name) + " of user " + Memory.getInt(name + 4);
        }
    }

    /**
     * The port that a TCP socket has.
     *
     * @throws ErrnoException when closed.
     */
    public int port() throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            final long name = arena.allocate(32 + Long.BYTES, Long.BYTES).address();
            Memory.putInt(name + 32, 32);
            ErrnoException.check(SocketCalls.getsockname(fd, name, name + 32), "getsockname");
            return Short.toUnsignedInt(Short.reverseBytes(Memory.getShort(name + 2)));
        }
    }

    private static String text(final long name) {
        final boolean isV6 = Memory.getShort(name) == AF_INET6;
        final byte[] bytes = new byte[isV6 ? 16 : 4];
        Memory.copy(name + (isV6 ? IN6_ADDRESS_OFFSET : IN_ADDRESS_OFFSET), bytes, 0, bytes.length);
        try {
            final String host = InetAddress.getByAddress(bytes).getHostAddress();
            final int port = Short.toUnsignedInt(Short.reverseBytes(Memory.getShort(name + 2)));
            return (isV6 ? "[" + host + "]" : host) + ":" + port;
        } catch (final UnknownHostException e) {
            return null;
        }
    }

    private void set(final int level, final int option, final int value) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            final long memory = arena.allocate(Integer.BYTES, Integer.BYTES).address();
            Memory.putInt(memory, value);
            ErrnoException.check(SocketCalls.setsockopt(fd, level, option, memory, Integer.BYTES), "setsockopt");
        }
    }

    /** The descriptor, or -1 when closed. */
    public int fd() {
        return fd;
    }

    /** Closes the descriptor. Idempotent. */
    @Override
    public void close() {
        Fd.close(fd);
        fd = -1;
    }
}

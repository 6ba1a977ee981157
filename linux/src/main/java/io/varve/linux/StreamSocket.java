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
    private static final int SO_REUSEADDR = 2;
    private static final int SO_KEEPALIVE = 9;
    private static final int IPPROTO_TCP = 6;
    private static final int TCP_NODELAY = 1;
    private static final int TCP_KEEPIDLE = 4;
    private static final int TCP_KEEPINTVL = 5;
    private static final int TCP_KEEPCNT = 6;
    private static final int TCP_USER_TIMEOUT = 18;
    private static final int SO_ERROR = 4;
    private static final int SOCK_NONBLOCK = 0x800;
    private static final int EINPROGRESS = 115;
    private static final int POLLRDHUP = 0x2000;
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

    /** And after so long without an answer to what was sent, in milliseconds. */
    private static final int UNANSWERED_MS = 120_000;

    private final SocketMessage waiting = new SocketMessage();
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
                ErrnoException.check(SocketCalls.socket(isV6 ? AF_INET6 : AF_INET, Sockets.STREAM, 0), what), true);
        try (Arena arena = Arena.ofConfined()) {
            socket.set(Sockets.SOL_SOCKET, SO_REUSEADDR, 1);
            if (isV6) {
                socket.set(IPPROTO_IPV6, IPV6_V6ONLY, 1);
            }
            ErrnoException.check(SocketCalls.bind(socket.fd, name(arena, address), nameLength(address)), what);
            ErrnoException.check(SocketCalls.listen(socket.fd, backlog), what);
            Fd.setNonBlocking(socket.fd);
            return socket;
        } catch (final ErrnoException e) {
            socket.close();
            throw e;
        }
    }

    /**
     * Connects over TCP. What is given is sent at once, and a peer that has gone silent is noticed.
     *
     * @param address   resolved.
     * @param timeoutMs most milliseconds to wait.
     * @throws ErrnoException when nobody listens there (ECONNREFUSED), it can't be reached, or does not answer in time (ETIMEDOUT).
     */
    public static StreamSocket connect(final InetSocketAddress address, final int timeoutMs) throws ErrnoException {
        final String what = "connect to " + address;
        final int family = address.getAddress() instanceof Inet6Address ? AF_INET6 : AF_INET;
        final StreamSocket socket = new StreamSocket(
                ErrnoException.check(SocketCalls.socket(family, Sockets.STREAM | SOCK_NONBLOCK, 0), what), true);
        try (Arena arena = Arena.ofConfined()) {
            socket.tune();
            socket.set(IPPROTO_TCP, TCP_USER_TIMEOUT, UNANSWERED_MS);
            final int result = SocketCalls.connect(socket.fd, name(arena, address), nameLength(address));
            if (result != -EINPROGRESS && result != -Errno.EINTR) {
                ErrnoException.check(result, what);
            } else if (!socket.waiting.await(socket.fd, IoRing.POLLOUT, timeoutMs)) {
                throw new ErrnoException(what, Errno.ETIMEDOUT);
            }
            final int error = socket.get(arena, Sockets.SOL_SOCKET, SO_ERROR);
            if (error != 0) {
                throw new ErrnoException(what, error);
            }
            Fd.setBlocking(socket.fd);
            return socket;
        } catch (final ErrnoException e) {
            socket.close();
            throw e;
        }
    }

    private static int nameLength(final InetSocketAddress address) {
        return address.getAddress() instanceof Inet6Address ? SOCKADDR_IN6_SIZE : SOCKADDR_IN_SIZE;
    }

    /** The address in the kernel's form (netinet/in.h). */
    private static long name(final Arena arena, final InetSocketAddress address) {
        final boolean isV6 = address.getAddress() instanceof Inet6Address;
        final long name = arena.allocate(nameLength(address), Long.BYTES).address();
        Memory.putShort(name, (short) (isV6 ? AF_INET6 : AF_INET));
        Memory.putShort(name + 2, Short.reverseBytes((short) address.getPort()));
        final byte[] bytes = address.getAddress().getAddress();
        Memory.copy(bytes, 0, name + (isV6 ? IN6_ADDRESS_OFFSET : IN_ADDRESS_OFFSET), bytes.length);
        if (address.getAddress() instanceof final Inet6Address v6) {
            Memory.putInt(name + IN6_SCOPE_OFFSET, v6.getScopeId());
        }
        return name;
    }

    /**
     * Accepts a connection, without waiting. One over TCP sends at once what it is given, and notices a peer that has gone silent.
     *
     * @return null when there is none (any more).
     * @throws ErrnoException when it fails, be it for want of descriptors (EMFILE).
     */
    public StreamSocket accept() throws ErrnoException {
        final int result = Sockets.accept(fd);
        if (result == UnixSocket.WOULD_BLOCK) {
            return null;
        }
        final StreamSocket accepted = new StreamSocket(result, isTcp);
        try {
            if (isTcp) {
                accepted.tune();
            }
            return accepted;
        } catch (final ErrnoException e) {
            accepted.close();
            throw e;
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

    /**
     * Waits until there is something to receive, or the connection has ended.
     *
     * @param timeoutMs most milliseconds to wait; 0 not at all, negative without limit.
     * @return false when the time is over.
     * @throws ErrnoException when closed.
     */
    public boolean awaitReadable(final int timeoutMs) throws ErrnoException {
        return waiting.await(fd, IoRing.POLLIN, timeoutMs);
    }

    /**
     * Waits until the connection has ended at either end, also while somebody else receives from it.
     *
     * @param timeoutMs most milliseconds to wait; 0 not at all, negative without limit.
     * @return false when the time is over.
     * @throws ErrnoException when closed.
     */
    public boolean awaitHangUp(final int timeoutMs) throws ErrnoException {
        return waiting.await(fd, POLLRDHUP, timeoutMs);
    }

    /** Who is at the other end, in a word for people: address and port, or process and user. Null when it can't be told. */
    public String peer() {
        try (Arena arena = Arena.ofConfined()) {
            if (!isTcp) {
                final UnixSocket.PeerCredentials peer = Sockets.peerCredentials(fd);
                return "process " + peer.pid() + " of user " + peer.uid();
            }
            final long name = arena.allocate(32 + Long.BYTES, Long.BYTES).address();
            Memory.putInt(name + 32, 32);
            return SocketCalls.getpeername(fd, name, name + 32) < 0 ? null : text(name);
        } catch (final ErrnoException e) {
            return null;
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

    private void tune() throws ErrnoException {
        set(IPPROTO_TCP, TCP_NODELAY, 1);
        set(Sockets.SOL_SOCKET, SO_KEEPALIVE, 1);
        set(IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S);
        set(IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S);
        set(IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_PROBES);
    }

    private int get(final Arena arena, final int level, final int option) throws ErrnoException {
        final long value = arena.allocate(2 * Integer.BYTES, Integer.BYTES).address();
        Memory.putInt(value + Integer.BYTES, Integer.BYTES);
        ErrnoException.check(SocketCalls.getsockopt(fd, level, option, value, value + Integer.BYTES), "getsockopt");
        return Memory.getInt(value);
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

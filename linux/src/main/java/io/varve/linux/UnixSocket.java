package io.varve.linux;

import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * A stream socket in the Unix domain that carries descriptors ({@code unix(7)}), closed on exec.
 *
 * <p>Accepting, sending and receiving never wait: they say {@link #WOULD_BLOCK}, and the descriptor can be watched. A
 * writer never gets SIGPIPE. Nothing is allocated by sending and receiving. One thread at a time.
 */
public final class UnixSocket implements AutoCloseable {
    /** Answer of a call that would have to wait. */
    public static final int WOULD_BLOCK = -Errno.EAGAIN;

    /** Most bytes of a path in UTF-8: {@code sun_path} (linux/un.h) has 108, and the last is 0. */
    public static final int MAX_PATH_BYTES = 107;

    private static final int AF_UNIX = 1;
    private static final int SO_TYPE = 3;
    private static final int SO_ACCEPTCONN = 30;
    private static final int SO_DOMAIN = 39;
    private static final int SHUT_RDWR = 2;

    private static final int SUN_PATH_OFFSET = 2;

    private final SocketMessage message = new SocketMessage();
    private int fd;

    private UnixSocket(final int fd) {
        this.fd = fd;
    }

    /**
     * What the kernel knows of the process at the other end, at the time of its connect or listen.
     *
     * @param pid process, 0 when it can't be seen from here.
     * @param uid user.
     * @param gid group.
     */
    public record PeerCredentials(int pid, int uid, int gid) {}

    /**
     * Listens at a path that does not exist. The socket is never accessible to more than {@code mode} says.
     *
     * @param path    at most {@link #MAX_PATH_BYTES} bytes.
     * @param mode    permissions such as 0600, whatever the umask.
     * @param backlog most connections that wait to be accepted.
     * @throws ErrnoException when something is there, be it a stale socket (EADDRINUSE), the path is too long (ENAMETOOLONG),
     *                        or it can't be created.
     */
    public static UnixSocket listen(final Path path, final int mode, final int backlog) throws ErrnoException {
        final UnixSocket socket = create("listen at " + path);
        try (Arena arena = Arena.ofConfined()) {
            final long address = address(arena, "listen at", path);
            // The new file takes the mode of the unbound socket, less the umask: at no time more than asked for.
            ErrnoException.check(Libc.fchmod(socket.fd, mode), "fchmod of the socket for " + path);
            ErrnoException.check(SocketCalls.bind(socket.fd, address, addressLength(path)), "bind " + path);
            LinuxFile.setSocketMode(path, mode);
            ErrnoException.check(SocketCalls.listen(socket.fd, backlog), "listen at " + path);
            Fd.setNonBlocking(socket.fd);
            return socket;
        } catch (final ErrnoException e) {
            socket.close();
            throw e;
        }
    }

    /**
     * Connects to a listening socket; waits while its backlog is full.
     *
     * @throws ErrnoException when nothing is there (ENOENT), nobody listens any more (ECONNREFUSED), it is not permitted
     *                        (EACCES) or the path is too long (ENAMETOOLONG).
     */
    public static UnixSocket connect(final Path path) throws ErrnoException {
        return connect(path, true);
    }

    /**
     * Whether somebody listens at a socket, by connecting to it for a moment. Does not wait: one whose backlog is full does listen.
     *
     * @throws ErrnoException as {@link #connect}, but for ECONNREFUSED.
     */
    public static boolean isListenedAt(final Path path) throws ErrnoException {
        try {
            connect(path, false).close();
            return true;
        } catch (final ErrnoException e) {
            if (e.errno() != Errno.EAGAIN && e.errno() != Errno.ECONNREFUSED) {
                throw e;
            }
            return e.errno() == Errno.EAGAIN;
        }
    }

    private static UnixSocket connect(final Path path, final boolean waits) throws ErrnoException {
        final UnixSocket socket = create("connect to " + path);
        try (Arena arena = Arena.ofConfined()) {
            final long address = address(arena, "connect to", path);
            if (!waits) {
                Fd.setNonBlocking(socket.fd);
            }
            int result;
            do {
                result = SocketCalls.connect(socket.fd, address, addressLength(path));
            } while (result == -Errno.EINTR);
            ErrnoException.check(result, "connect to " + path);
            return socket;
        } catch (final ErrnoException e) {
            socket.close();
            throw e;
        }
    }

    /**
     * Two connected sockets.
     *
     * @throws ErrnoException when there are no descriptors for them.
     */
    public static UnixSocket[] pair() throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            final long fds = arena.allocate(2 * Integer.BYTES, Integer.BYTES).address();
            ErrnoException.check(SocketCalls.socketpair(AF_UNIX, Sockets.STREAM, 0, fds), "socketpair");
            return new UnixSocket[] {
                new UnixSocket(Memory.getInt(fds)), new UnixSocket(Memory.getInt(fds + Integer.BYTES))
            };
        }
    }

    /**
     * Takes over a descriptor that was inherited, and makes it close on exec; one that listens is made non-blocking.
     *
     * @param fd closed with the result, and left alone when it is refused.
     * @throws ErrnoException           when it is not open.
     * @throws IllegalArgumentException when it is no stream socket of the Unix domain.
     */
    public static UnixSocket ofInherited(final int fd) throws ErrnoException {
        if (!FdStat.of(fd).isSocket()
                || option(fd, SO_DOMAIN) != AF_UNIX
                || option(fd, SO_TYPE) != Sockets.SOCK_STREAM) {
            throw new IllegalArgumentException("fd " + fd + " is no Unix stream socket");
        }
        Fd.setCloseOnExec(fd);
        final UnixSocket socket = new UnixSocket(fd);
        if (socket.isListening()) {
            Fd.setNonBlocking(fd);
        }
        return socket;
    }

    private static UnixSocket create(final String what) throws ErrnoException {
        return new UnixSocket(ErrnoException.check(SocketCalls.socket(AF_UNIX, Sockets.STREAM, 0), what));
    }

    /**
     * Whether it listens for connections.
     *
     * @throws ErrnoException when closed.
     */
    public boolean isListening() throws ErrnoException {
        return option(fd, SO_ACCEPTCONN) != 0;
    }

    /**
     * Accepts a connection, without waiting.
     *
     * @return null when there is none (any more).
     * @throws ErrnoException when it fails, be it for want of descriptors (EMFILE).
     */
    public UnixSocket accept() throws ErrnoException {
        final int accepted = Sockets.accept(fd);
        return accepted == WOULD_BLOCK ? null : new UnixSocket(accepted);
    }

    /**
     * Sends bytes, and descriptors with the first of them.
     *
     * @param address of the bytes.
     * @param length  of the bytes, above 0.
     * @param fds     sent, and still owned by the list; null for none.
     * @return bytes sent, from 1 to {@code length}, the descriptors with them; or {@link #WOULD_BLOCK}: nothing was sent.
     * @throws ErrnoException when the peer has gone (EPIPE, ECONNRESET), or a descriptor is not open (EBADF).
     */
    public int send(final long address, final int length, final FdList fds) throws ErrnoException {
        final int result = message.send(fd, address, length, fds);
        return result == WOULD_BLOCK ? result : ErrnoException.check(result, "sendmsg");
    }

    /**
     * Sends all bytes, waiting where it must.
     *
     * @param timeoutMs most milliseconds to wait at a time for the peer to read; negative without limit.
     * @throws ErrnoException as {@link #send}; ETIMEDOUT when the peer does not read.
     */
    public void sendFully(final long address, final int length, final FdList fds, final int timeoutMs)
            throws ErrnoException {
        int done = 0;
        while (done < length) {
            final int result = send(address + done, length - done, done == 0 ? fds : null);
            if (result >= 0) {
                done += result;
            } else if (!await(IoRing.POLLOUT, timeoutMs)) {
                throw new ErrnoException("sendmsg", Errno.ETIMEDOUT);
            }
        }
    }

    /**
     * Receives what is there, up to where the next descriptors come.
     *
     * @param address to fill.
     * @param length  most bytes to receive, above 0.
     * @param fds     descriptors that came, closed on exec and owned by the list, which must be empty. More than it takes
     *                are closed, and the list says that it is {@linkplain FdList#isTruncated() truncated}.
     * @return bytes received; 0 when the peer has shut down; or {@link #WOULD_BLOCK}.
     * @throws ErrnoException when the connection broke (ECONNRESET).
     */
    public int receive(final long address, final int length, final FdList fds) throws ErrnoException {
        final int result = message.receive(fd, address, length, fds);
        return result == WOULD_BLOCK ? result : ErrnoException.check(result, "recvmsg");
    }

    /**
     * Waits until there is something to receive or accept, or the peer has shut down.
     *
     * @param timeoutMs most milliseconds to wait; 0 not at all, negative without limit.
     * @return false when the time is over.
     * @throws ErrnoException when closed.
     */
    public boolean awaitReadable(final int timeoutMs) throws ErrnoException {
        return await(IoRing.POLLIN, timeoutMs);
    }

    /**
     * Whether the peer is gone for good: it neither sends nor receives any more. One that only sends no more is there.
     *
     * @throws ErrnoException when closed.
     */
    public boolean isPeerGone() throws ErrnoException {
        return await(0, 0);
    }

    private boolean await(final int events, final int timeoutMs) throws ErrnoException {
        return message.await(fd, events, timeoutMs);
    }

    /**
     * Who is at the other end.
     *
     * @throws ErrnoException when not connected.
     */
    public PeerCredentials peerCredentials() throws ErrnoException {
        return Sockets.peerCredentials(fd);
    }

    /** Ends sending and receiving in both directions; the peer and whoever waits sees the end. Any thread, not with close. */
    public void shutdown() {
        SocketCalls.shutdown(fd, SHUT_RDWR);
    }

    /** The descriptor, or -1 when closed. */
    public int fd() {
        return fd;
    }

    /** Hands the descriptor over: whoever calls closes it. */
    public int release() {
        final int released = fd;
        fd = -1;
        return released;
    }

    /** Closes the descriptor; the path of a listening socket stays. Idempotent. */
    @Override
    public void close() {
        Fd.close(fd);
        fd = -1;
    }

    private static int option(final int fd, final int option) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            final long value = arena.allocate(2 * Integer.BYTES, Integer.BYTES).address();
            Memory.putInt(value + Integer.BYTES, Integer.BYTES);
            ErrnoException.check(
                    SocketCalls.getsockopt(fd, Sockets.SOL_SOCKET, option, value, value + Integer.BYTES),
                    "getsockopt of fd " + fd);
            return Memory.getInt(value);
        }
    }

    private static long address(final Arena arena, final String what, final Path path) throws ErrnoException {
        final byte[] name = path.toString().getBytes(StandardCharsets.UTF_8);
        if (name.length > MAX_PATH_BYTES) {
            throw new ErrnoException(
                    what + " " + path + " (" + name.length + " bytes, at most " + MAX_PATH_BYTES + ")",
                    Errno.ENAMETOOLONG);
        }
        final long address =
                arena.allocate(SUN_PATH_OFFSET + MAX_PATH_BYTES + 1, Long.BYTES).address();
        Memory.putShort(address, (short) AF_UNIX);
        Memory.copy(name, 0, address + SUN_PATH_OFFSET, name.length);
        return address;
    }

    private static int addressLength(final Path path) {
        return SUN_PATH_OFFSET + path.toString().getBytes(StandardCharsets.UTF_8).length + 1;
    }
}

package io.varve.hostdisks;

import io.varve.linux.Errno;
import io.varve.linux.ErrnoException;
import io.varve.linux.Memory;
import io.varve.linux.SendList;
import io.varve.linux.StreamSocket;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;

/**
 * What a client agrees on with a server before the kernel takes the connection over: fixed newstyle, simple replies ("The NBD
 * protocol", doc/proto.md of the NBD project). One thread's.
 */
final class NbdHandshake {
    static final long GREETING = 0x4e42444d41474943L;
    static final long OPTION = 0x49484156454f5054L;
    static final long OPTION_REPLY = 0x0003e889045565a9L;

    /** Fixed newstyle, and no zeros behind the last option. */
    static final int CLIENT_FLAGS = 3;

    static final int OPT_INFO = 6;
    static final int OPT_GO = 7;
    static final int REP_ACK = 1;
    static final int REP_ERR_TLS_REQD = 0x8000_0005;
    static final int REP_ERR_UNKNOWN = 0x8000_0006;
    static final int INFO_EXPORT = 0;
    private static final int REP_INFO = 3;
    private static final int MAX_ANSWER = 16 << 10;

    private final StreamSocket socket;
    private final String export;
    private final long deadlineNs;

    /**
     * Prepares.
     *
     * @param socket    just connected.
     * @param export    its name; empty for the server's default.
     * @param timeoutMs most milliseconds that all of it takes.
     */
    NbdHandshake(final StreamSocket socket, final String export, final int timeoutMs) {
        this.socket = socket;
        this.export = export;
        deadlineNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMs);
    }

    /**
     * Asks how the disk is, and begins nothing: the connection is then of no more use.
     *
     * @throws ErrnoException    when the connection breaks, or the server takes too long (ETIMEDOUT).
     * @throws HostDiskException when the server refuses.
     */
    NbdExport look() throws ErrnoException, HostDiskException {
        return choose(OPT_INFO);
    }

    /** Begins a session: what comes next on the connection are requests. Throws as {@link #look} does. */
    NbdExport begin() throws ErrnoException, HostDiskException {
        return choose(OPT_GO);
    }

    private NbdExport choose(final int option) throws ErrnoException, HostDiskException {
        final ByteBuffer greeting = receive(18);
        if (greeting.getLong() != GREETING || greeting.getLong() != OPTION || (greeting.getShort() & 1) == 0) {
            throw new HostDiskException("what listens there is no NBD server that speaks fixed newstyle");
        }
        final byte[] name = export.getBytes(StandardCharsets.UTF_8);
        send(ByteBuffer.allocate(4 + 16 + 6 + name.length)
                .putInt(CLIENT_FLAGS)
                .putLong(OPTION)
                .putInt(option)
                .putInt(6 + name.length)
                .putInt(name.length)
                .put(name)
                .putShort((short) 0));
        NbdExport found = null;
        while (true) {
            final ByteBuffer head = receive(20);
            final boolean isAnswer = head.getLong() == OPTION_REPLY && head.getInt() == option;
            final int kind = head.getInt();
            final int length = head.getInt();
            if (!isAnswer || length < 0 || length > MAX_ANSWER) {
                throw new HostDiskException("the NBD server answers something else than it was asked");
            }
            final ByteBuffer body = receive(length);
            if (kind == REP_ACK && found != null) {
                return found;
            }
            if (kind <= 0 || kind == REP_ACK) {
                throw new HostDiskException(refusal(kind));
            }
            if (kind == REP_INFO && length == 12 && body.getShort() == INFO_EXPORT) {
                found = new NbdExport(body.getLong(), Short.toUnsignedInt(body.getShort()));
            }
        }
    }

    private String refusal(final int kind) {
        return switch (kind) {
            case REP_ERR_TLS_REQD -> "the NBD server wants TLS, which the kernel's client does not speak";
            case REP_ERR_UNKNOWN -> "the NBD server has no disk '" + export + "'";
            default -> "the NBD server refuses (0x" + Integer.toHexString(kind) + ")";
        };
    }

    private void send(final ByteBuffer message) throws ErrnoException {
        final SendList list = new SendList(1);
        try (Arena arena = Arena.ofConfined()) {
            final int length = message.position();
            final long bytes = arena.allocate(length).address();
            Memory.copy(message.array(), 0, bytes, length);
            // So few bytes on a new connection find room in one piece.
            list.add(bytes, length);
            if (socket.send(list) != length) {
                throw new ErrnoException("send to the NBD server", Errno.EAGAIN);
            }
        }
    }

    private ByteBuffer receive(final int length) throws ErrnoException {
        final byte[] bytes = new byte[length];
        try (Arena arena = Arena.ofConfined()) {
            final long buffer = arena.allocate(Math.max(1, length)).address();
            int done = 0;
            while (done < length) {
                final long leftMs = TimeUnit.NANOSECONDS.toMillis(deadlineNs - System.nanoTime());
                if (leftMs <= 0 || !socket.awaitReadable((int) leftMs)) {
                    throw new ErrnoException("receive from the NBD server", Errno.ETIMEDOUT);
                }
                final int count = socket.receive(buffer + done, length - done);
                if (count == 0) {
                    throw new ErrnoException("receive from the NBD server", Errno.ECONNRESET);
                }
                done += Math.max(0, count);
            }
            Memory.copy(buffer, bytes, 0, length);
        }
        return ByteBuffer.wrap(bytes);
    }
}

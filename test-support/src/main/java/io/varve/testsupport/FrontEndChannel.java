package io.varve.testsupport;

import io.varve.linux.Errno;
import io.varve.linux.ErrnoException;
import io.varve.linux.FdList;
import io.varve.linux.Mapping;
import io.varve.linux.Memory;
import io.varve.linux.UnixSocket;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;

/**
 * Sends vhost-user messages as a front-end and takes the replies, one at a time. Whatever a back-end may get wrong in a
 * reply is checked. Nothing stops anybody from sending nonsense.
 */
public final class FrontEndChannel implements AutoCloseable {
    /** How long a reply may take, in milliseconds. */
    public static final int TIMEOUT_MS = 20_000;

    private static final int HEADER = 12;
    private static final int VERSION = 1;
    private static final int REPLY_FLAGS = 5;
    private static final int NEED_REPLY = 8;
    private static final int BUFFER_SIZE = 8192;

    private final UnixSocket socket;
    private final Mapping memory;
    private final ByteBuffer buffer;
    private final FdList received = new FdList(8);
    private final FdList none = new FdList(8);

    /**
     * Takes over a connected socket.
     *
     * @throws ErrnoException when there is no memory.
     */
    public FrontEndChannel(final UnixSocket socket) throws ErrnoException {
        this.socket = socket;
        memory = Memory.allocate(BUFFER_SIZE);
        buffer = memory.segment().asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
    }

    /**
     * Connects.
     *
     * @throws ErrnoException when nobody listens there.
     */
    public static FrontEndChannel connect(final Path path) throws ErrnoException {
        return new FrontEndChannel(UnixSocket.connect(path));
    }

    /** A payload to be filled: little-endian, empty. */
    public static ByteBuffer payload(final int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** The payload of a message that carries a u64. */
    public static ByteBuffer u64(final long value) {
        return payload(Long.BYTES).putLong(value).flip();
    }

    /** The payload of a message about a ring. */
    public static ByteBuffer ringState(final int index, final int num) {
        return payload(8).putInt(index).putInt(num).flip();
    }

    /** Sends a message that is not answered. */
    public void send(final int request, final ByteBuffer payload, final int... fds) throws IOException {
        sendRaw(request, VERSION, payload.remaining(), payload, fds);
    }

    /** Sends a message and waits for the answer that it always has; its payload. */
    public ByteBuffer call(final int request, final ByteBuffer payload, final int... fds) throws IOException {
        send(request, payload, fds);
        return reply(request);
    }

    /** Sends a message, asks for an answer, and waits for it; 0 when it was carried out. */
    public long acknowledged(final int request, final ByteBuffer payload, final int... fds) throws IOException {
        sendRaw(request, VERSION | NEED_REPLY, payload.remaining(), payload, fds);
        return reply(request).getLong();
    }

    /** Sends any header before any payload. */
    public void sendRaw(final int request, final int flags, final int size, final ByteBuffer payload, final int... fds)
            throws IOException {
        final ByteBuffer message = payload(HEADER + payload.remaining())
                .putInt(request)
                .putInt(flags)
                .putInt(size)
                .put(payload.duplicate())
                .flip();
        sendBytes(message, fds);
    }

    /** Sends any bytes. */
    public void sendBytes(final ByteBuffer bytes, final int... fds) throws IOException {
        final int length = bytes.remaining();
        buffer.clear();
        buffer.put(bytes.duplicate());
        FdList list = null;
        if (fds.length > 0) {
            list = new FdList(fds.length);
            for (final int fd : fds) {
                list.add(fd);
            }
        }
        socket.sendFully(memory.address(), length, list, TIMEOUT_MS);
    }

    /** Sends bytes if they go without waiting: all of them, or none. */
    public boolean trySend(final ByteBuffer bytes) throws IOException {
        final int length = bytes.remaining();
        buffer.clear();
        buffer.put(bytes.duplicate());
        final int sent = socket.send(memory.address(), length, null);
        if (sent == UnixSocket.WOULD_BLOCK) {
            return false;
        }
        if (sent < length) {
            socket.sendFully(memory.address() + sent, length - sent, null, TIMEOUT_MS);
        }
        return true;
    }

    /** Waits for a message of the back-end's own, which has no payload and wants no answer; its id. */
    public int request() throws IOException {
        buffer.clear();
        receive(HEADER, none);
        if (buffer.getInt(4) != VERSION || buffer.getInt(8) != 0) {
            throw new AssertionError("message " + buffer.getInt(0) + " of the back-end: flags 0x"
                    + Integer.toHexString(buffer.getInt(4)) + ", size " + buffer.getInt(8));
        }
        return buffer.getInt(0);
    }

    /** Waits for a reply; its payload. */
    public ByteBuffer reply(final int request) throws IOException {
        buffer.clear();
        received.closeAll();
        receive(HEADER, received);
        final int id = buffer.getInt(0);
        final int flags = buffer.getInt(4);
        final int size = buffer.getInt(8);
        if (id != request || flags != REPLY_FLAGS || size < 0 || size > BUFFER_SIZE) {
            throw new AssertionError("reply to message " + request + ": id " + id + ", flags 0x"
                    + Integer.toHexString(flags) + ", size " + size);
        }
        if (size > 0) {
            receive(size, none);
        }
        final ByteBuffer payload = payload(size);
        buffer.clear().limit(size);
        payload.put(buffer).flip();
        return payload;
    }

    /** Takes over the descriptor that came with the last reply. */
    public int takeFd() {
        if (received.count() != 1) {
            throw new AssertionError(received.count() + " descriptors came with a reply, not 1");
        }
        return received.take(0);
    }

    private void receive(final int length, final FdList fds) throws IOException {
        int done = 0;
        while (done < length) {
            final int result = socket.receive(memory.address() + done, length - done, done == 0 ? fds : none);
            if (none.count() > 0) {
                none.closeAll();
                throw new AssertionError("descriptors out of place");
            }
            if (result == 0) {
                throw new EOFException("the back-end has closed the connection");
            }
            if (result > 0) {
                done += result;
            } else if (!socket.awaitReadable(TIMEOUT_MS)) {
                throw new IOException("no reply in " + TIMEOUT_MS + " ms");
            }
        }
    }

    /** Whether the back-end has sent something or gone, waiting for that so long. */
    public boolean awaitReadable(final int timeoutMs) throws IOException {
        return socket.awaitReadable(timeoutMs);
    }

    /** Waits until the back-end closes the connection; what it still sends is dropped. */
    public void awaitEnd() throws IOException {
        try {
            while (true) {
                receive(1, none);
            }
        } catch (final EOFException e) {
            return;
        } catch (final ErrnoException e) {
            if (e.errno() != Errno.ECONNRESET) {
                throw e;
            }
        }
    }

    /** Disconnects. Idempotent. */
    @Override
    public void close() {
        received.closeAll();
        socket.close();
        memory.close();
    }
}

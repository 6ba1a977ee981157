package io.varve.launcher.control;

import io.varve.launcher.UserException;
import io.varve.linux.Errno;
import io.varve.linux.ErrnoException;
import io.varve.linux.FdList;
import io.varve.linux.UnixSocket;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** Asks a running daemon, on its control socket. One thread. */
public final class ControlClient implements AutoCloseable {
    private static final int BUFFER_SIZE = 64 << 10;
    private static final int MAX_ANSWER = 64 << 20;
    private static final int SEND_TIMEOUT_MS = 30_000;

    private final Path path;
    private final UnixSocket socket;
    private int lastId;

    private ControlClient(final Path path, final UnixSocket socket) {
        this.path = path;
        this.socket = socket;
    }

    /**
     * Connects.
     *
     * @throws UserException when no daemon answers there.
     */
    public static ControlClient connect(final Path path) {
        try {
            return new ControlClient(path, UnixSocket.connect(path));
        } catch (final ErrnoException e) {
            final String why = switch (e.errno()) {
                case Errno.ENOENT, Errno.ECONNREFUSED ->
                    "no daemon answers at " + path
                            + ": start one with 'varve daemon', or name its socket with --control";
                default -> "cannot reach the daemon at " + path + ": " + Errno.describe(e.errno());
            };
            throw new UserException(why, e);
        }
    }

    /** Connects if a daemon answers there that may be asked; else null. */
    public static ControlClient tryConnect(final Path path) {
        try {
            return new ControlClient(path, UnixSocket.connect(path));
        } catch (final ErrnoException e) {
            return null;
        }
    }

    /**
     * Calls a method and waits for its answer, for as long as it takes.
     *
     * @return what it answers: names of the JSON form and their values.
     * @throws UserException with what the daemon says why not.
     */
    public Map<String, Object> call(final String method, final Map<String, Object> params) {
        try (Arena arena = Arena.ofConfined()) {
            final byte[] line = (JsonRpc.request(++lastId, method, params) + "\n").getBytes(StandardCharsets.UTF_8);
            final MemorySegment request = arena.allocate(line.length);
            MemorySegment.copy(line, 0, request, ValueLayout.JAVA_BYTE, 0, line.length);
            socket.sendFully(request.address(), line.length, null, SEND_TIMEOUT_MS);
            return result(JsonRpc.object(receiveLine(arena.allocate(BUFFER_SIZE))));
        } catch (final ErrnoException e) {
            throw new UserException("the daemon at " + path + " has gone: " + Errno.describe(e.errno()), e);
        } catch (final RpcException e) {
            throw new UserException("the daemon at " + path + " answers something else than JSON-RPC", e);
        }
    }

    private Map<String, Object> result(final Map<String, Object> answer) throws RpcException {
        if (answer.get("error") instanceof Map<?, ?> error && error.get("message") instanceof String message) {
            throw new UserException(message);
        }
        if (answer.get("result") instanceof Map<?, ?> result) {
            final Map<String, Object> named = new LinkedHashMap<>();
            result.forEach((key, value) -> named.put((String) key, value));
            return named;
        }
        throw new RpcException(RpcException.INVALID_REQUEST, "no result");
    }

    private ByteBuffer receiveLine(final MemorySegment buffer) throws ErrnoException, RpcException {
        final FdList strays = new FdList(1);
        final ByteArrayOutputStream line = new ByteArrayOutputStream();
        while (line.size() < MAX_ANSWER) {
            socket.awaitReadable(-1);
            final int count = socket.receive(buffer.address(), BUFFER_SIZE, strays);
            strays.closeAll();
            if (count == 0) {
                throw new UserException("the daemon at " + path + " has ended before it answered");
            }
            for (int i = 0; i < count; i++) {
                final byte next = buffer.get(ValueLayout.JAVA_BYTE, i);
                if (next == '\n') {
                    return ByteBuffer.wrap(line.toByteArray());
                }
                line.write(next);
            }
        }
        throw new RpcException(RpcException.INVALID_REQUEST, "the answer is too long");
    }

    @Override
    public void close() {
        socket.close();
    }
}

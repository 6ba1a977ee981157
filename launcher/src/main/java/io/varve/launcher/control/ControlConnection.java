package io.varve.launcher.control;

import io.varve.launcher.UserException;
import io.varve.linux.ErrnoException;
import io.varve.linux.FdList;
import io.varve.linux.UnixSocket;
import io.varve.lsvd.VolumeException;
import io.varve.lsvd.runtime.UnexpectedErrors;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.function.Consumer;

/** A connection to the control socket, on a thread of its own: reads a line, carries out its call, answers, reads the next. */
final class ControlConnection implements Runnable {
    /** Most bytes in a line that is received, its end included. */
    static final int MAX_LINE = 64 << 10;

    /** How long an answer may wait for the client to read, in milliseconds, before the client is dropped. */
    static final int SEND_TIMEOUT_MS = 5_000;

    private static final System.Logger LOGGER = System.getLogger(ControlConnection.class.getName());

    private final UnixSocket socket;
    private final Map<String, ControlMethod> methods;
    private final Consumer<ControlConnection> onEnd;
    private volatile boolean isBusy;
    private volatile long idleSinceNs = System.nanoTime();
    private boolean isClosed;

    /**
     * Takes over a connected socket.
     *
     * @param onEnd called at the end, by the connection's thread.
     */
    ControlConnection(
            final UnixSocket socket,
            final Map<String, ControlMethod> methods,
            final Consumer<ControlConnection> onEnd) {
        this.socket = socket;
        this.methods = methods;
        this.onEnd = onEnd;
    }

    /** Whether a call is being carried out. Any thread. */
    boolean isBusy() {
        return isBusy;
    }

    /** Since when none is, in {@link System#nanoTime()}. Any thread. */
    long idleSinceNs() {
        return idleSinceNs;
    }

    /** Breaks the connection off. Any thread. */
    synchronized void drop() {
        if (!isClosed) {
            socket.shutdown();
        }
    }

    private synchronized void close() {
        isClosed = true;
        socket.close();
    }

    @Override
    public void run() {
        try (Arena arena = Arena.ofConfined()) {
            readLines(arena.allocate(MAX_LINE, Long.BYTES));
        } catch (final ErrnoException e) {
            LOGGER.log(System.Logger.Level.DEBUG, "a control client was dropped", e);
        } finally {
            close();
            onEnd.accept(this);
        }
    }

    private void readLines(final MemorySegment buffer) throws ErrnoException {
        final FdList strays = new FdList(1);
        int filled = 0;
        int scanned = 0;
        while (true) {
            while (scanned < filled && buffer.get(ValueLayout.JAVA_BYTE, scanned) != '\n') {
                scanned++;
            }
            if (scanned < filled) {
                answer(buffer.asSlice(0, scanned));
                final int rest = filled - scanned - 1;
                MemorySegment.copy(buffer, scanned + 1L, buffer, 0, rest);
                filled = rest;
                scanned = 0;
            } else if (filled == MAX_LINE) {
                send(JsonRpc.error(
                        null,
                        new RpcException(
                                RpcException.INVALID_REQUEST, "the line is longer than " + MAX_LINE + " bytes")));
                return;
            } else {
                socket.awaitReadable(-1);
                final int count = socket.receive(buffer.address() + filled, MAX_LINE - filled, strays);
                strays.closeAll();
                if (count == 0) {
                    return;
                }
                filled += Math.max(0, count);
            }
        }
    }

    private void answer(final MemorySegment line) throws ErrnoException {
        Object id = null;
        boolean isCall = true;
        String answer;
        isBusy = true;
        try {
            final Map<String, Object> object = JsonRpc.object(line.asByteBuffer());
            if (object.get("id") instanceof String || object.get("id") instanceof Number) {
                id = object.get("id");
            }
            final JsonRpc.Call call = JsonRpc.call(object);
            isCall = call.isCall();
            answer = JsonRpc.result(id, carryOut(call));
        } catch (final RpcException e) {
            answer = JsonRpc.error(id, e);
        } finally {
            idleSinceNs = System.nanoTime();
            isBusy = false;
        }
        if (isCall) {
            send(answer);
        }
    }

    private Object carryOut(final JsonRpc.Call call) throws RpcException {
        final ControlMethod method = methods.get(call.method());
        if (method == null) {
            throw new RpcException(
                    RpcException.METHOD_NOT_FOUND,
                    "there is no method '" + call.method() + "'; there are " + String.join(", ", methods.keySet()));
        }
        try {
            return method.call(call.params());
        } catch (final VolumeException | UserException e) {
            throw new RpcException(RpcException.REFUSED, e.getMessage(), e);
        } catch (final RuntimeException | Error e) {
            final String what = UnexpectedErrors.describe(e);
            LOGGER.log(System.Logger.Level.ERROR, "unexpected error in method {0}: {1}", call.method(), what);
            throw new RpcException(RpcException.INTERNAL_ERROR, "internal error: " + what, e);
        }
    }

    private void send(final String line) throws ErrnoException {
        final byte[] bytes = (line + "\n").getBytes(StandardCharsets.UTF_8);
        try (Arena arena = Arena.ofConfined()) {
            final MemorySegment copy = arena.allocate(bytes.length);
            MemorySegment.copy(bytes, 0, copy, ValueLayout.JAVA_BYTE, 0, bytes.length);
            socket.sendFully(copy.address(), bytes.length, null, SEND_TIMEOUT_MS);
        }
    }
}

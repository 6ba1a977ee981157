package io.varve.control.rpc;

import io.varve.control.Call;
import io.varve.control.ControlException;
import io.varve.control.ErrorKind;
import io.varve.control.Event;
import io.varve.control.EventsFollowCall;
import io.varve.control.JobStatus;
import io.varve.control.JobWaitCall;
import io.varve.control.LongCall;
import io.varve.control.Methods;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** Asks a running daemon, on its control socket. One thread. */
public final class ControlClient implements AutoCloseable {
    private static final int BUFFER_SIZE = 64 << 10;
    private static final int MAX_ANSWER = 64 << 20;

    /** How long one call waits for a job before the next does, in milliseconds. */
    private static final long WAIT_MS = 30_000;

    private final Path path;
    private final SocketChannel socket;
    private final ByteBuffer received = ByteBuffer.allocate(BUFFER_SIZE).flip();
    private long lastId;

    private ControlClient(final Path path, final SocketChannel socket) {
        this.path = path;
        this.socket = socket;
    }

    /**
     * Connects.
     *
     * @throws ControlException of kind {@link ErrorKind#NOT_FOUND} when no daemon listens there, or {@link
     *                          ErrorKind#UNAVAILABLE} when it can't be reached.
     */
    public static ControlClient connect(final Path path) {
        try {
            return new ControlClient(path, SocketChannel.open(UnixDomainSocketAddress.of(path)));
        } catch (final ConnectException e) {
            throw nobody(path, e);
        } catch (final IOException e) {
            if (Files.notExists(path)) {
                throw nobody(path, e);
            }
            throw new ControlException(
                    ErrorKind.UNAVAILABLE, "cannot reach the daemon at " + path + ": " + e.getMessage(), e);
        }
    }

    private static ControlException nobody(final Path path, final IOException e) {
        return new ControlException(ErrorKind.NOT_FOUND, "no daemon answers at " + path, e);
    }

    /**
     * Calls a method and waits for its answer, for as long as it takes.
     *
     * @throws ControlException with what the daemon says why not.
     */
    public <R extends Record> R call(final Call<R> call) {
        final Methods.MethodType type = Methods.of(call);
        @SuppressWarnings("unchecked") // A call's result is what its type says.
        final Class<R> result = (Class<R>) type.result();
        return Json.result(result, call(type.name(), Json.ofRecord((Record) call)));
    }

    /**
     * Begins a job and answers at once.
     *
     * @param endsWithConnection whether it is cancelled when this client is closed.
     */
    public <R extends Record> JobStatus start(final LongCall<R> call, final boolean endsWithConnection) {
        final Map<String, Object> params = Json.ofRecord((Record) call);
        params.put(Job.PARAM, true);
        params.put(Job.UNTIL_DISCONNECT, endsWithConnection);
        return Json.result(JobStatus.class, call(Methods.of(call).name(), params));
    }

    /**
     * Waits for a job, for as long as it takes.
     *
     * @return what the call answers.
     * @throws ControlException with why it has failed, or of kind {@link ErrorKind#CANCELLED}.
     */
    public <R extends Record> R await(final LongCall<R> call, final JobStatus job) {
        JobStatus now = job;
        while (now.state() == JobStatus.State.RUNNING) {
            now = call(new JobWaitCall(job.job(), WAIT_MS));
        }
        if (now.error() != null) {
            throw new ControlException(now.error().kind(), now.error().message());
        }
        @SuppressWarnings("unchecked") // As above.
        final Class<R> result = (Class<R>) Methods.of(call).result();
        return Json.result(result, JsonRpc.named((Map<?, ?>) now.result()));
    }

    /**
     * Begins to follow events: from now on {@link #nextEvent()} is all that this client can be asked for.
     *
     * @return the sequence number of the last event before.
     */
    public long follow(final EventsFollowCall call) {
        return call(call).sequence();
    }

    /** Waits for the next event. */
    public Event nextEvent() {
        try {
            final Object params = JsonRpc.object(receiveLine()).get("params");
            return Json.result(Event.class, JsonRpc.named((Map<?, ?>) params));
        } catch (final IOException e) {
            throw gone(e);
        } catch (final RpcException | ClassCastException e) {
            throw strange(e);
        }
    }

    /**
     * Calls a method by its name.
     *
     * @return what it answers: names of the JSON form and their values.
     * @throws ControlException with what the daemon says why not.
     */
    public Map<String, Object> call(final String method, final Map<String, Object> params) {
        try {
            final ByteBuffer line = StandardCharsets.UTF_8.encode(JsonRpc.request(++lastId, method, params) + "\n");
            while (line.hasRemaining()) {
                socket.write(line);
            }
            return result(JsonRpc.object(receiveLine()));
        } catch (final IOException e) {
            throw gone(e);
        } catch (final RpcException e) {
            throw strange(e);
        }
    }

    private ControlException gone(final IOException e) {
        return new ControlException(ErrorKind.UNAVAILABLE, "the daemon at " + path + " has gone: " + e.getMessage(), e);
    }

    private ControlException strange(final Exception e) {
        return new ControlException(
                ErrorKind.INTERNAL, "the daemon at " + path + " answers something else than JSON-RPC", e);
    }

    private static Map<String, Object> result(final Map<String, Object> answer) throws RpcException {
        if (answer.get("error") instanceof Map<?, ?> error && error.get("message") instanceof String message) {
            final Object kind = error.get("data") instanceof final Map<?, ?> data ? data.get("kind") : null;
            throw new ControlException(ErrorKind.of(kind), message);
        }
        if (answer.get("result") instanceof Map<?, ?> result) {
            return JsonRpc.named(result);
        }
        throw new RpcException(RpcException.INVALID_REQUEST, "no result");
    }

    private ByteBuffer receiveLine() throws IOException, RpcException {
        final ByteArrayOutputStream line = new ByteArrayOutputStream();
        while (line.size() < MAX_ANSWER) {
            while (received.hasRemaining()) {
                final byte next = received.get();
                if (next == '\n') {
                    return ByteBuffer.wrap(line.toByteArray());
                }
                line.write(next);
            }
            received.clear();
            final int count = socket.read(received);
            received.flip();
            if (count < 0) {
                throw new ControlException(
                        ErrorKind.UNAVAILABLE, "the daemon at " + path + " has ended before it answered");
            }
        }
        throw new RpcException(RpcException.INVALID_REQUEST, "the answer is too long");
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

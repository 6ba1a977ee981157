package io.varve.control.rpc;

import io.varve.control.Call;
import io.varve.control.ControlException;
import io.varve.control.ErrorKind;
import io.varve.control.Event;
import io.varve.control.EventsFollowCall;
import io.varve.control.Methods;
import io.varve.control.Methods.MethodType;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** A connection, on a thread of its own: reads a line, carries out its call, answers, reads the next. */
final class ControlConnection implements CallContext, Runnable {
    /** Most bytes in a line that is received, its end included. */
    static final int MAX_LINE = 64 << 10;

    private static final int LEAST_BUFFER = 1 << 10;

    /** How often one who follows events and hears none looks whether its client is still there, in milliseconds. */
    private static final long LOOK_MS = 1_000;

    private static final System.Logger LOGGER = System.getLogger(ControlConnection.class.getName());

    private final ControlChannel channel;
    private final ControlService service;
    private final Consumer<ControlConnection> onEnd;
    private final List<Runnable> onDisconnect = new ArrayList<>();
    private volatile boolean isBusy;
    private volatile long idleSinceNs = System.nanoTime();
    private ByteBuffer buffer = ByteBuffer.allocate(LEAST_BUFFER);
    private Events.Follower followed;
    private boolean isClosed;

    /**
     * Takes over a channel.
     *
     * @param onEnd called at the end, by the connection's thread.
     */
    ControlConnection(
            final ControlChannel channel, final ControlService service, final Consumer<ControlConnection> onEnd) {
        this.channel = channel;
        this.service = service;
        this.onEnd = onEnd;
    }

    /** Whether it can't be dropped for another one: a call is being carried out, or something ends with it. Any thread. */
    synchronized boolean isInUse() {
        return isBusy || !onDisconnect.isEmpty();
    }

    /** Since when no call is carried out, in {@link System#nanoTime()}. Any thread. */
    long idleSinceNs() {
        return idleSinceNs;
    }

    /** Breaks the connection off. Any thread. */
    synchronized void drop() {
        if (!isClosed) {
            channel.shutdown();
        }
    }

    @Override
    public void run() {
        try {
            readLines();
            if (followed != null) {
                tellEvents();
            }
        } catch (final IOException e) {
            LOGGER.log(Level.DEBUG, "a control client was dropped", e);
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            end();
        }
    }

    private void end() {
        final List<Runnable> tasks;
        synchronized (this) {
            isClosed = true;
            channel.close();
            tasks = new ArrayList<>(onDisconnect);
            onDisconnect.clear();
        }
        if (followed != null) {
            followed.close();
        }
        onEnd.accept(this);
        tasks.forEach(ControlConnection::runLogged);
    }

    private static void runLogged(final Runnable task) {
        try {
            task.run();
        } catch (final RuntimeException | Error e) {
            LOGGER.log(Level.WARNING, "what ends with a control connection has failed: {0}", e.toString());
        }
    }

    /** Until the end, or until events are followed. */
    private void readLines() throws IOException {
        int scanned = 0;
        while (followed == null) {
            while (scanned < buffer.position() && buffer.get(scanned) != '\n') {
                scanned++;
            }
            if (scanned < buffer.position()) {
                answer(buffer.slice(0, scanned));
                buffer.flip().position(scanned + 1);
                final int rest = buffer.remaining();
                buffer = rest < LEAST_BUFFER ? ByteBuffer.allocate(LEAST_BUFFER).put(buffer) : buffer.compact();
                scanned = 0;
            } else if (buffer.position() == MAX_LINE) {
                send(JsonRpc.error(
                        null,
                        new RpcException(
                                RpcException.INVALID_REQUEST, "the line is longer than " + MAX_LINE + " bytes")));
                return;
            } else {
                if (!buffer.hasRemaining()) {
                    buffer = ByteBuffer.allocate(2 * buffer.capacity()).put(buffer.flip());
                }
                if (channel.read(buffer) < 0) {
                    return;
                }
            }
        }
    }

    private void answer(final ByteBuffer line) throws IOException {
        Object id = null;
        boolean isCall = true;
        String answer;
        isBusy = true;
        try {
            final Map<String, Object> object = JsonRpc.object(line);
            if (object.get("id") instanceof String || object.get("id") instanceof Number) {
                id = object.get("id");
            }
            final JsonRpc.Call call = JsonRpc.call(object);
            isCall = call.isCall();
            answer = JsonRpc.result(id, Json.ofRecord(carryOut(call)));
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

    private Record carryOut(final JsonRpc.Call line) throws RpcException {
        final MethodType method = Methods.of(line.method());
        if (method == null) {
            throw new RpcException(
                    RpcException.METHOD_NOT_FOUND,
                    "there is no method '" + line.method() + "'; there are " + String.join(", ", Methods.names()));
        }
        final Map<String, Object> params = new LinkedHashMap<>(line.params());
        final boolean isJob = method.canBeJob() && Boolean.TRUE.equals(params.remove(Job.PARAM));
        final boolean endsWithMe = isJob && Boolean.TRUE.equals(params.remove(Job.UNTIL_DISCONNECT));
        final Call<?> call;
        try {
            call = (Call<?>) Json.params(method.params(), params);
        } catch (final ControlException e) {
            throw new RpcException(RpcException.INVALID_PARAMS, ErrorKind.INVALID, e.getMessage(), e);
        }
        try {
            if (isJob) {
                return service.startJob(call, endsWithMe ? this : null);
            }
            if (call instanceof final EventsFollowCall follow) {
                followed = service.events().follow(follow);
                return new EventsFollowCall.Answer(followed.begin());
            }
            return service.carryOut(call, this);
        } catch (final ControlException e) {
            throw RpcException.of(e);
        } catch (final RuntimeException | Error e) {
            LOGGER.log(Level.ERROR, "unexpected error in method {0}: {1}", method.name(), e.toString());
            throw new RpcException(RpcException.INTERNAL_ERROR, ErrorKind.INTERNAL, "internal error: " + e, e);
        }
    }

    private void tellEvents() throws IOException, InterruptedException {
        isBusy = true;
        while (!isDisconnected()) {
            final Event event = followed.next(LOOK_MS);
            if (event != null) {
                send(JsonRpc.notification("event", Json.ofRecord(event)));
            }
        }
    }

    private void send(final String line) throws IOException {
        channel.write(StandardCharsets.UTF_8.encode(line + "\n"));
    }

    /** Nobody sees it. */
    @Override
    public void progress(final long done, final long total) {}

    @Override
    public boolean isJob() {
        return false;
    }

    /** The call of a client that has gone is carried out all the same. */
    @Override
    public boolean isCancelled() {
        return false;
    }

    @Override
    public void onDisconnect(final Runnable task) {
        synchronized (this) {
            if (!isClosed) {
                onDisconnect.add(task);
                return;
            }
        }
        task.run();
    }

    @Override
    public synchronized void forget(final Runnable task) {
        onDisconnect.remove(task);
    }

    @Override
    public synchronized boolean isDisconnected() {
        return isClosed || channel.isPeerGone();
    }
}

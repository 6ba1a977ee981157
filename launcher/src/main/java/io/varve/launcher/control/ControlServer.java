package io.varve.launcher.control;

import io.varve.launcher.daemon.ListeningSocket;
import io.varve.linux.ErrnoException;
import io.varve.linux.IoRing;
import io.varve.linux.IoRings;
import io.varve.linux.UnixSocket;
import io.varve.lsvd.runtime.UnexpectedErrors;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/**
 * Listens at the control socket. Each connection has a thread; a client that does not send, or does not read, holds up
 * nobody but itself. When there are {@value #MAX_CONNECTIONS}, the one that has been idle for longest makes room.
 */
public final class ControlServer implements AutoCloseable {
    /** Most connections at a time. */
    public static final int MAX_CONNECTIONS = 32;

    private static final System.Logger LOGGER = System.getLogger(ControlServer.class.getName());

    /** Pause after a connection could not be accepted, for want of descriptors say. */
    private static final long FAILURE_PAUSE_NS = 100_000_000;

    private final ListeningSocket listener;
    private final Map<String, ControlMethod> methods;
    private final IoRing ring;
    private final UnexpectedErrors errors = new UnexpectedErrors("varve-control", System::nanoTime);
    private final Thread thread;
    private final List<ControlConnection> connections = new ArrayList<>();
    private volatile boolean isClosing;

    /**
     * Begins to accept connections.
     *
     * @param listener closed with the server.
     * @param methods  by name.
     * @throws ErrnoException when there are not enough descriptors or memory.
     */
    ControlServer(final ListeningSocket listener, final Map<String, ControlMethod> methods) throws ErrnoException {
        this.listener = listener;
        this.methods = methods;
        ring = IoRings.open(1);
        thread = new Thread(this::run, "varve-control");
        thread.setDaemon(true);
        thread.start();
    }

    private void run() {
        final int handler = ring.register((data, result, flags) -> {
            if ((flags & IoRing.FLAG_MORE) == 0) {
                watch((int) data);
            }
        });
        watch(handler);
        while (!isClosing) {
            ring.turn(accept() ? -1 : FAILURE_PAUSE_NS);
        }
        ring.close();
    }

    private void watch(final int handler) {
        ring.pollMultishot(listener.socket().fd(), IoRing.POLLIN, handler, handler);
    }

    /** Accepts who is there; false when that failed and is to be tried again. */
    private boolean accept() {
        try {
            for (UnixSocket socket = listener.socket().accept();
                    socket != null && !isClosing;
                    socket = listener.socket().accept()) {
                begin(socket);
            }
            return true;
        } catch (final ErrnoException e) {
            LOGGER.log(System.Logger.Level.WARNING, "can''t accept a control client: {0}", e.getMessage());
            return false;
        } catch (final RuntimeException | Error e) {
            // No thread, or no memory, is left for one: whoever has the others may end.
            errors.onError(e);
            return false;
        }
    }

    private synchronized void begin(final UnixSocket socket) {
        if (connections.size() == MAX_CONNECTIONS && !makeRoom()) {
            refuse(socket);
            return;
        }
        final ControlConnection connection = new ControlConnection(socket, methods, this::remove);
        final Thread own = new Thread(connection, "varve-control-client");
        own.setDaemon(true);
        connections.add(connection);
        try {
            own.start();
        } catch (final Error e) {
            connections.remove(connection);
            socket.close();
            throw e;
        }
    }

    private boolean makeRoom() {
        final ControlConnection longest = connections.stream()
                .filter(connection -> !connection.isBusy())
                .min(Comparator.comparingLong(connection -> connection.idleSinceNs() - System.nanoTime()))
                .orElse(null);
        if (longest != null) {
            longest.drop();
            connections.remove(longest);
        }
        return longest != null;
    }

    private static void refuse(final UnixSocket socket) {
        final String line = JsonRpc.error(
                null, new RpcException(RpcException.TOO_MANY, "too many control connections are waiting for answers"));
        final byte[] bytes = (line + "\n").getBytes(StandardCharsets.UTF_8);
        try (Arena arena = Arena.ofConfined();
                socket) {
            final MemorySegment copy = arena.allocate(bytes.length);
            copy.asByteBuffer().put(bytes);
            socket.send(copy.address(), bytes.length, null);
        } catch (final ErrnoException e) {
            LOGGER.log(System.Logger.Level.DEBUG, "a control client went away", e);
        }
    }

    private synchronized void remove(final ControlConnection connection) {
        connections.remove(connection);
    }

    /** Ends all connections and removes the socket. Idempotent. */
    @Override
    public void close() {
        isClosing = true;
        ring.wakeUp();
        synchronized (this) {
            connections.forEach(ControlConnection::drop);
        }
        try {
            thread.join();
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        listener.close();
    }
}

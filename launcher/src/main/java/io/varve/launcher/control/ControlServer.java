package io.varve.launcher.control;

import io.varve.control.rpc.ControlService;
import io.varve.launcher.daemon.ListeningSocket;
import io.varve.linux.ErrnoException;
import io.varve.linux.IoRing;
import io.varve.linux.IoRings;
import io.varve.linux.UnixSocket;
import io.varve.lsvd.runtime.UnexpectedErrors;

/** Listens at the control socket, and hands connections over to the service. */
public final class ControlServer implements AutoCloseable {
    private static final System.Logger LOGGER = System.getLogger(ControlServer.class.getName());

    /** Pause after a connection could not be accepted, for want of descriptors say. */
    private static final long FAILURE_PAUSE_NS = 100_000_000;

    private final ListeningSocket listener;
    private final ControlService service;
    private final IoRing ring;
    private final UnexpectedErrors errors = new UnexpectedErrors("varve-control", System::nanoTime);
    private final Thread thread;
    private volatile boolean isClosing;

    /**
     * Begins to accept connections.
     *
     * @param listener closed with the server.
     * @param service  closed with the server.
     * @throws ErrnoException when there are not enough descriptors or memory.
     */
    ControlServer(final ListeningSocket listener, final ControlService service) throws ErrnoException {
        this.listener = listener;
        this.service = service;
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
                service.begin(new UnixChannel(socket));
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

    /** Breaks jobs off, ends all connections and removes the socket. Idempotent. */
    @Override
    public void close() {
        isClosing = true;
        ring.wakeUp();
        try {
            thread.join();
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        service.close();
        listener.close();
    }
}

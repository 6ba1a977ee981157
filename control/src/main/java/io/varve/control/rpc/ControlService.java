package io.varve.control.rpc;

import io.varve.control.Call;
import io.varve.control.ControlException;
import io.varve.control.ControlVersionCall;
import io.varve.control.DaemonCall;
import io.varve.control.ErrorKind;
import io.varve.control.EventsFollowCall;
import io.varve.control.JobCancelCall;
import io.varve.control.JobListCall;
import io.varve.control.JobStatus;
import io.varve.control.JobStatusCall;
import io.varve.control.JobWaitCall;
import io.varve.control.Methods;
import io.varve.control.ServiceCall;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * A daemon's side of its control connections. Each has a thread; a client that does not send, or does not read, holds up nobody but
 * itself. When there are {@value #MAX_CONNECTIONS}, the one that has been idle for longest makes room.
 */
public final class ControlService implements AutoCloseable {
    /** Most connections at a time. */
    public static final int MAX_CONNECTIONS = 1000;

    private static final System.Logger LOGGER = System.getLogger(ControlService.class.getName());

    private final CallHandler handler;
    private final String build;
    private final Events events;
    private final Jobs jobs;
    private final List<ControlConnection> connections = new ArrayList<>();
    private boolean isClosing;

    /**
     * A service without connections.
     *
     * @param events where it is told what happens, the ends of jobs among it.
     * @param build  the daemon's version, for people.
     */
    public ControlService(final CallHandler handler, final Events events, final String build) {
        this.handler = handler;
        this.events = events;
        jobs = new Jobs(events);
        this.build = build;
    }

    Events events() {
        return events;
    }

    /**
     * Begins to serve a connection, on a thread of its own.
     *
     * @param channel closed when it ends, or at once when there are too many.
     */
    public synchronized void begin(final ControlChannel channel) {
        if (isClosing) {
            channel.close();
            return;
        }
        if (connections.size() == MAX_CONNECTIONS && !makeRoom()) {
            refuse(channel);
            return;
        }
        final ControlConnection connection = new ControlConnection(channel, this, this::remove);
        final Thread own = new Thread(connection, "varve-control-client");
        own.setDaemon(true);
        connections.add(connection);
        try {
            own.start();
        } catch (final Error e) {
            connections.remove(connection);
            channel.close();
            throw e;
        }
    }

    /** Serves a connection on this thread, to its end. */
    public void serve(final ControlChannel channel) {
        new ControlConnection(channel, this, ended -> {}).run();
    }

    private boolean makeRoom() {
        final ControlConnection longest = connections.stream()
                .filter(connection -> !connection.isInUse())
                .min(Comparator.comparingLong(connection -> connection.idleSinceNs() - System.nanoTime()))
                .orElse(null);
        if (longest != null) {
            longest.drop();
            connections.remove(longest);
        }
        return longest != null;
    }

    private static void refuse(final ControlChannel channel) {
        final String line = JsonRpc.error(
                null,
                new RpcException(
                        RpcException.TOO_MANY,
                        ErrorKind.BUSY,
                        "too many control connections are waiting for answers",
                        null));
        try (channel) {
            channel.write(StandardCharsets.UTF_8.encode(line + "\n"));
        } catch (final IOException e) {
            LOGGER.log(Level.DEBUG, "a control client went away", e);
        }
    }

    private synchronized void remove(final ControlConnection connection) {
        connections.remove(connection);
    }

    /** Carries a call out on this thread. */
    Record carryOut(final Call<?> call, final CallContext context) {
        return switch (call) {
            case DaemonCall<?> ofDaemon -> handler.carryOut(ofDaemon, context);
            case ServiceCall<?> own -> carryOut(own, context);
        };
    }

    private Record carryOut(final ServiceCall<?> call, final CallContext context) {
        return switch (call) {
            case ControlVersionCall asked -> version(asked);
            case JobStatusCall asked -> jobs.get(asked.job()).status();
            case JobWaitCall asked -> jobs.await(asked.job(), asked.timeoutMs(), context);
            case JobCancelCall asked -> cancel(jobs.get(asked.job()));
            case JobListCall asked -> new JobListCall.Answer(jobs.list());
            case EventsFollowCall asked -> throw new IllegalStateException("a connection follows events itself");
        };
    }

    private ControlVersionCall.Answer version(final ControlVersionCall call) {
        if (call.needs() > ControlVersionCall.CURRENT) {
            throw new ControlException(
                    ErrorKind.INVALID,
                    "this daemon speaks version " + ControlVersionCall.CURRENT
                            + " of the control protocol, and version " + call.needs()
                            + " is needed: update the daemon");
        }
        return new ControlVersionCall.Answer(ControlVersionCall.CURRENT, build, List.copyOf(Methods.names()));
    }

    private static JobStatus cancel(final Job job) {
        job.cancel();
        return job.status();
    }

    /** Begins a job that carries a call out; null for a connection that it does not end with. */
    Record startJob(final Call<?> call, final CallContext until) {
        final Job job = jobs.start(Methods.of(call).name(), context -> carryOut(call, context));
        if (until != null) {
            final Runnable cancel = job::cancel;
            until.onDisconnect(cancel);
            job.onEnd(() -> until.forget(cancel));
        }
        return job.status();
    }

    /** Breaks jobs off, and ends all connections. Idempotent. */
    @Override
    public void close() {
        synchronized (this) {
            isClosing = true;
            connections.forEach(ControlConnection::drop);
        }
        jobs.close();
    }
}

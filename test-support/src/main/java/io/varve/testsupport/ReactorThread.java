package io.varve.testsupport;

import io.varve.linux.UnixSocket;
import io.varve.vhostuser.SessionOptions;
import io.varve.vhostuser.VhostUserBlkServer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;

/** A {@link MemoryBlockDevice} served to front-ends on a socket, by a thread of its own and lanes. */
public final class ReactorThread implements AutoCloseable {
    private static final int BACKLOG = 4;

    /** Lanes of those that are not told how many: so that whatever is tested can be tested with lanes. */
    static final int LANES = Integer.getInteger("varve.test.lanes", 0);

    private final List<MemoryLane> lanes = new ArrayList<>();
    private final ExportThread<VhostUserBlkServer> reactor;

    /** Listens and starts, with as many lanes as the system property {@code varve.test.lanes} says, or none. */
    public ReactorThread(final Path socketPath, final MemoryBlockDevice device, final SessionOptions options)
            throws IOException {
        this(socketPath, device, options, LANES);
    }

    /**
     * Listens and starts.
     *
     * @param socketPath where to listen.
     * @param device     touched by the reactor and its lanes only from now on, or in {@link #call}.
     * @param options    of the sessions.
     * @param laneCount  number of lanes.
     */
    public ReactorThread(
            final Path socketPath, final MemoryBlockDevice device, final SessionOptions options, final int laneCount)
            throws IOException {
        reactor = new ExportThread<>(
                device,
                ring -> {
                    for (int i = 0; i < laneCount; i++) {
                        lanes.add(new MemoryLane(ring, device, i));
                    }
                    return new VhostUserBlkServer(
                            ring,
                            UnixSocket.listen(socketPath, 0600, BACKLOG),
                            device,
                            options,
                            lanes.stream().map(MemoryLane::lane).toList());
                },
                () -> lanes.forEach(MemoryLane::close));
    }

    /** Reads that lanes have served. Any thread. */
    public long servedByLanes() {
        return lanes.stream().mapToLong(MemoryLane::served).sum();
    }

    /** The thread of a lane, once rings have been lent to it. */
    Thread laneThread(final int index) {
        return lanes.get(index).thread();
    }

    /** How often the reactor has slept; for {@link #call} only. */
    public long sleeps() {
        return reactor.sleeps();
    }

    /** The server, for {@link #call} only. */
    public VhostUserBlkServer server() {
        return reactor.export();
    }

    /** Runs something on the reactor's thread and waits for it. */
    public <T> T call(final Callable<T> task) {
        return reactor.call(task);
    }

    /** Runs something on the reactor's thread and waits for it. */
    public void run(final Runnable task) {
        reactor.call(() -> {
            task.run();
            return null;
        });
    }

    /** Ends the server and waits until it has; fails if the reactor did. The device is left open. */
    @Override
    public void close() {
        reactor.close();
    }
}

package io.varve.launcher.daemon;

import io.varve.block.BlockDevice;
import io.varve.linux.ErrnoException;
import io.varve.linux.IoRing;
import io.varve.linux.IoRings;
import io.varve.vhostuser.Lane;
import io.varve.vhostuser.LaneReader;

/** The thread of one {@link Lane}, and its ring: there are none until the lane is first lent something. The reactor's. */
final class LaneThread implements AutoCloseable {
    private static final System.Logger LOGGER = System.getLogger(LaneThread.class.getName());

    private final String name;
    private final LaneReader reader;
    private final long pollNs;
    private final Lane lane;
    private IoRing ring;
    private Thread thread;
    private boolean isFailed;
    private volatile boolean isToEnd;

    /**
     * Makes a lane.
     *
     * @param name   of the thread.
     * @param home   the reactor's ring.
     * @param device that the reactor drives.
     * @param reader of the lane; closed with it.
     * @param pollNs how long to poll after the last work.
     */
    LaneThread(
            final String name,
            final IoRing home,
            final BlockDevice device,
            final LaneReader reader,
            final long pollNs) {
        this.name = name;
        this.reader = reader;
        this.pollNs = pollNs;
        lane = new Lane(home, device, reader, this::start);
    }

    Lane lane() {
        return lane;
    }

    private IoRing start() {
        if (thread == null && !isFailed) {
            try {
                ring = IoRings.open(IoRings.DEFAULT_ENTRIES);
                thread = new Thread(this::run, name);
                thread.setDaemon(true);
                thread.start();
            } catch (final ErrnoException e) {
                isFailed = true;
                LOGGER.log(
                        System.Logger.Level.WARNING,
                        "{0}: does without, since it can''t be set up: {1}",
                        name,
                        e.getMessage());
            }
        }
        return ring;
    }

    private void run() {
        Throwable failure = null;
        try {
            new Reactor(ring, lane, pollNs).runUntil(() -> isToEnd);
        } catch (final Throwable e) {
            failure = e;
            LOGGER.log(System.Logger.Level.ERROR, name + " has failed", e);
        } finally {
            lane.end(failure);
            ring.close();
            reader.close();
        }
    }

    /** Ends the thread, and waits for what it has in flight on local disks. */
    @Override
    public void close() {
        if (thread == null) {
            return;
        }
        isToEnd = true;
        ring.wakeUp();
        try {
            thread.join();
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}

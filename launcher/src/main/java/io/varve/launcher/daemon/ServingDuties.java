package io.varve.launcher.daemon;

import io.varve.lsvd.Volume;
import io.varve.vhostuser.VhostUserBlkServer;
import java.util.function.Consumer;

/** A volume and its door, as duties of the reactor. */
final class ServingDuties implements Reactor.Duties {
    private final Volume volume;
    private final VhostUserBlkServer server;
    private final Consumer<String> failureListener;
    private boolean isFailureTold;

    /**
     * Joins them.
     *
     * @param failureListener is told once, in one line, when the volume serves nothing any more.
     */
    ServingDuties(final Volume volume, final VhostUserBlkServer server, final Consumer<String> failureListener) {
        this.volume = volume;
        this.server = server;
        this.failureListener = failureListener;
    }

    @Override
    public int doWork() {
        final int work = volume.doWork() + server.doWork();
        if (!isFailureTold && volume.failure() != null) {
            isFailureTold = true;
            failureListener.accept(volume.failure());
        }
        return work;
    }

    @Override
    public boolean armNotifications() {
        return server.armNotifications();
    }

    @Override
    public void disarmNotifications() {
        server.disarmNotifications();
    }

    @Override
    public long maxIdleNs() {
        return volume.maxIdleNs();
    }
}

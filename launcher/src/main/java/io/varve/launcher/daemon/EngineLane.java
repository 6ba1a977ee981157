package io.varve.launcher.daemon;

import io.varve.launcher.metrics.RequestCounters;
import io.varve.launcher.metrics.RequestType;
import io.varve.linux.IoRing;
import io.varve.linux.IoVec;
import io.varve.lsvd.Volume;
import io.varve.lsvd.read.LaneReads;
import io.varve.vhostuser.LaneReader;

/**
 * A lane's reads of a volume of the engine: joins protocol and engine there as {@link EngineBlockDevice} does on the reactor. Counts what it serves;
 * the rest is counted where it goes. A volume's first request is the reactor's, which tells of it.
 *
 * <p>The volume may go, and another come, whenever the lane has no rings.
 */
final class EngineLane implements LaneReader {
    private static final long NONE = -1;

    private final EngineBlockDevice device;
    private final RequestCounters counters;
    private Listener listener;
    private Volume volume;
    private LaneReads reads;
    private long measuredToken = NONE;
    private long measuredSinceNs;

    EngineLane(final EngineBlockDevice device, final RequestCounters counters) {
        this.device = device;
        this.counters = counters;
    }

    @Override
    public void listener(final Listener newListener) {
        listener = newListener;
    }

    @Override
    public boolean isReady() {
        return device.served() != null;
    }

    @Override
    public void begin(final IoRing ring) {
        final Volume now = device.served();
        if (now != volume) {
            close();
            volume = now;
            reads = now.lane(ring, this::onRead);
        }
    }

    @Override
    public boolean read(final long offset, final IoVec buffers, final long token) {
        if (measuredToken == NONE) {
            measuredToken = token;
            measuredSinceNs = System.nanoTime();
        }
        final boolean isTaken = reads.read(offset, buffers, token);
        if (!isTaken && measuredToken == token) {
            measuredToken = NONE;
        }
        return isTaken;
    }

    private void onRead(final long token, final long length, final boolean isServed) {
        final boolean isMeasured = measuredToken == token;
        if (isServed) {
            counters.onServed(RequestType.READ, length, isMeasured ? System.nanoTime() - measuredSinceNs : NONE);
        }
        if (isMeasured) {
            measuredToken = NONE;
        }
        listener.onRead(token, isServed);
    }

    @Override
    public boolean isQuiet() {
        return reads == null || reads.isQuiet();
    }

    @Override
    public void close() {
        if (reads != null) {
            reads.close();
            reads = null;
            volume = null;
        }
    }
}

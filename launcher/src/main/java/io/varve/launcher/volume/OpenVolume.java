package io.varve.launcher.volume;

import io.varve.control.ErrorKind;
import io.varve.launcher.UserException;
import io.varve.linux.ErrnoException;
import io.varve.linux.IoRing;
import io.varve.linux.IoRings;
import io.varve.lsvd.Volume;
import io.varve.lsvd.VolumeContext;
import io.varve.lsvd.VolumeException;
import io.varve.lsvd.log.MemoryLogStore;

/** A volume that a command has open, with a ring of its own. Closed in the order that memory in flight asks for. */
final class OpenVolume implements AutoCloseable {
    private final IoRing ring;
    private final MemoryLogStore memoryLog;
    private final Volume volume;

    private OpenVolume(final VolumeContext context, final boolean hasMemoryLog) throws VolumeException {
        try {
            ring = IoRings.open(IoRings.DEFAULT_ENTRIES);
        } catch (final ErrnoException e) {
            throw new UserException(ErrorKind.UNAVAILABLE, "cannot set up I/O: " + e.getMessage(), e);
        }
        memoryLog = new MemoryLogStore(ring);
        try {
            if (hasMemoryLog) {
                context.logs(memoryLog, ring::wakeUp);
            }
            volume = Volume.open(context.ring(ring));
        } catch (final VolumeException | RuntimeException e) {
            ring.close();
            memoryLog.close();
            throw e;
        }
    }

    /** Opens a volume with its log on disk. */
    static OpenVolume withLog(final VolumeContext context) throws VolumeException {
        return new OpenVolume(context, false);
    }

    /** Opens a new volume that is to be thrown away if this process does not come to its end. */
    static OpenVolume withMemoryLog(final VolumeContext context) throws VolumeException {
        return new OpenVolume(context, true);
    }

    IoRing ring() {
        return ring;
    }

    Volume volume() {
        return volume;
    }

    /** Ends the volume as it is; a clean end is to {@linkplain Volume#shutdown() shut it down} before. Idempotent. */
    void end() {
        ring.close();
        volume.close();
        memoryLog.close();
    }

    @Override
    public void close() {
        end();
    }
}

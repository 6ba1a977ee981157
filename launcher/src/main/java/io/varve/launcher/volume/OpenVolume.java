package io.varve.launcher.volume;

import io.varve.launcher.UserException;
import io.varve.linux.ErrnoException;
import io.varve.linux.IoRing;
import io.varve.linux.IoRings;
import io.varve.lsvd.Volume;
import io.varve.lsvd.VolumeContext;
import io.varve.lsvd.VolumeException;

/** A volume that a command has open, with a ring of its own. Closed in the order that memory in flight asks for. */
final class OpenVolume implements AutoCloseable {
    private final IoRing ring;
    private final Volume volume;

    OpenVolume(final VolumeContext context) throws VolumeException {
        try {
            ring = IoRings.open(IoRings.DEFAULT_ENTRIES);
        } catch (final ErrnoException e) {
            throw new UserException("cannot set up I/O: " + e.getMessage(), e);
        }
        try {
            volume = Volume.open(context.ring(ring));
        } catch (final VolumeException | RuntimeException e) {
            ring.close();
            throw e;
        }
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
    }

    @Override
    public void close() {
        end();
    }
}

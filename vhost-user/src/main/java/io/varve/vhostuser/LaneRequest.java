package io.varve.vhostuser;

import io.varve.block.BlockDevice;
import io.varve.linux.IoVec;

/** A request of a {@link Lane}'s rings, on its way between lane and device. Made once, and used again. */
final class LaneRequest {
    /** What is asked for. */
    enum Kind {
        READ,
        WRITE,
        FLUSH,
        DISCARD,
        WRITE_ZEROES
    }

    final int index;
    Kind kind;
    long offset;
    long length;
    IoVec buffers;
    boolean mayUnmap;
    boolean durable;
    BlockDevice.Completion completion;
    long token;
    int status;

    /** The next that is free. */
    LaneRequest next;

    LaneRequest(final int index) {
        this.index = index;
    }

    /** Hands it to a device. */
    void begin(final BlockDevice device, final BlockDevice.Completion through) {
        switch (kind) {
            case READ -> device.read(offset, buffers, through, index);
            case WRITE -> device.write(offset, buffers, durable, through, index);
            case FLUSH -> device.flush(through, index);
            case DISCARD -> device.discard(offset, length, durable, through, index);
            case WRITE_ZEROES -> device.writeZeroes(offset, length, mayUnmap, durable, through, index);
        }
    }
}

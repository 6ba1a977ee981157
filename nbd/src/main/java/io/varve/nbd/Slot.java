package io.varve.nbd;

import io.varve.block.BlockDevice;
import io.varve.linux.IoVec;

/** One command of a client, from its header to the last byte of its reply. Belongs to a {@link Transmission}, and is used again. */
final class Slot {
    /** Room for a reply's header, or an error with its message, in bytes. */
    static final int HEADER_LENGTH = 192;

    private static final int SECTOR_MASK = BlockDevice.SECTOR_SIZE - 1;

    final int index;
    final long header;
    final IoVec vec = new IoVec();

    int type;
    int flags;
    long cookie;
    long offset;
    long length;
    int error;
    String message;

    /** What is yet to be done of a command that takes several requests. */
    long position;

    long remaining;
    boolean isSubmitting;
    boolean isInFlight;

    BufferPool.Buffer buffer;
    long data;
    int dataLength;

    int headerLength;
    Slot next;

    Slot(final int index, final long header) {
        this.index = index;
        this.header = header;
    }

    /** Where the sectors begin that the command touches. */
    long alignedOffset() {
        return offset & ~SECTOR_MASK;
    }

    /** How long they are. */
    long alignedLength() {
        return (offset + length + SECTOR_MASK & ~SECTOR_MASK) - alignedOffset();
    }

    boolean has(final int flag) {
        return (flags & flag) != 0;
    }
}

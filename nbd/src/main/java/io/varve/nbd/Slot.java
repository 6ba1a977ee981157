package io.varve.nbd;

import io.varve.linux.IoVec;

/** One command of a client, from its header to the last byte of its reply. Belongs to a {@link Transmission}, and is used again. */
final class Slot {
    /** Room for a reply's header, or an error with its message, in bytes. */
    static final int HEADER_LENGTH = 192;

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

    boolean has(final int flag) {
        return (flags & flag) != 0;
    }
}

package io.varve.hostdisks;

/**
 * What a server has said of a disk.
 *
 * @param sizeBytes of the disk.
 * @param flags     of its transmission, 16 bits.
 */
record NbdExport(long sizeBytes, int flags) {
    static final int HAS_FLAGS = 1;
    static final int READ_ONLY = 1 << 1;
    static final int SEND_FLUSH = 1 << 2;
    static final int SEND_FUA = 1 << 3;
    static final int SEND_TRIM = 1 << 5;
    static final int SEND_WRITE_ZEROES = 1 << 6;
    static final int CAN_MULTI_CONN = 1 << 8;

    private static final int KNOWN_TO_KERNELS =
            HAS_FLAGS | READ_ONLY | SEND_FLUSH | SEND_FUA | SEND_TRIM | SEND_WRITE_ZEROES | CAN_MULTI_CONN;

    boolean isReadOnly() {
        return (flags & READ_ONLY) != 0;
    }

    /** Whether at most one session at a time may write. */
    boolean isExclusive() {
        return (flags & CAN_MULTI_CONN) == 0;
    }

    /** The flags for the kernel. */
    int kernelFlags(final boolean readOnly) {
        final int known = flags & KNOWN_TO_KERNELS;
        return readOnly ? known & ~(SEND_TRIM | SEND_WRITE_ZEROES) | READ_ONLY : known;
    }
}

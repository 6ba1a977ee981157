package io.varve.linux;

/** One operation of a {@link ThreadPoolRing}, reused. */
final class PoolOperation {
    static final int READ = 0;
    static final int WRITE = 1;
    static final int FDATASYNC = 2;
    static final int WATCH = 3;
    static final int ENDED_WATCH = 4;
    static final int SIGNAL = 5;

    final int index;
    int generation;
    int kind;
    int fd;
    int handlerId;
    int length;
    long address;
    long offset;
    long data;
    int result;
    /** Events of a watch that were not answered yet; not 0 exactly while the watch is queued for an answer. */
    int mask;

    PoolOperation(final int index) {
        this.index = index;
    }

    /** Names this use of the object. */
    long key() {
        return (long) (generation & Integer.MAX_VALUE) << 32 | index;
    }

    static int indexOf(final long key) {
        return (int) key;
    }

    /** Reads, writes or syncs once. */
    void run() {
        do {
            result = (int)
                    switch (kind) {
                        case READ -> Libc.pread(fd, address, length, offset);
                        case WRITE -> Libc.pwrite(fd, address, length, offset);
                        case FDATASYNC -> Libc.fdatasync(fd);
                        default -> throw new AssertionError(kind);
                    };
        } while (result == -Errno.EINTR);
    }
}

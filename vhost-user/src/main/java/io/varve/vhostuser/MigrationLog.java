package io.varve.vhostuser;

import io.varve.linux.IoRing;
import io.varve.linux.Memory;
import io.varve.virtqueue.DirtyLog;

/**
 * The memory that a front-end hands over for the {@link DirtyLog}, and the eventfd that is told of marks. The memory may be
 * replaced at any time: what comes after goes into the new one.
 */
final class MigrationLog implements AutoCloseable {
    /** Bytes of the payload of SET_LOG_BASE: mmap size u64, mmap offset u64. */
    private static final int LENGTH = 16;

    private static final int NO_FD = -1;

    private final MappingBudget budget;
    private SharedFile mapping;
    private DirtyLog log;
    private final IoRing ring;
    private Signal signal;

    MigrationLog(final IoRing ring, final MappingBudget budget) {
        this.budget = budget;
        this.ring = ring;
    }

    /** Where to mark pages, or null. A new instance after {@link #replace}. */
    DirtyLog log() {
        return log;
    }

    /**
     * Takes other memory.
     *
     * @param message SET_LOG_BASE.
     * @param fds     the first is the memory's file; still the caller's.
     * @param memory  of the guest.
     * @throws ProtocolException when the file does not hold it; nothing has changed then.
     */
    void replace(final Message message, final FrontEndFds fds, final MemoryTable memory) throws ProtocolException {
        message.validateSize(LENGTH);
        final long size = Memory.getLong(message.payload());
        final long offset = Memory.getLong(message.payload() + Long.BYTES);
        final SharedFile replaced = mapping;
        mapping = SharedFile.map(fds, 0, offset, size, "the dirty log of " + size + " bytes at " + offset, budget);
        log = new DirtyLog(mapping.address(), size, memory.byGuestAddress());
        if (replaced != null) {
            replaced.close();
        }
    }

    /** Goes on with another table of memory. */
    void memory(final MemoryTable memory) {
        if (log != null) {
            log.memory(memory.byGuestAddress());
        }
    }

    /** Takes the eventfd that is signalled when pages have been marked, -1 for none. */
    void eventFd(final int fd) {
        if (signal != null) {
            signal.close();
        }
        signal = fd == NO_FD ? null : new Signal(ring, fd);
    }

    /** Tells the front-end of what has been marked. */
    void tell() throws ProtocolException {
        if (log == null) {
            return;
        }
        if (log.hasOverflowed()) {
            throw new ProtocolException("a page was written that the dirty log does not reach");
        }
        if (log.takeMarked() && signal != null) {
            signal.raise();
        }
    }

    @Override
    public void close() {
        eventFd(NO_FD);
        log = null;
        if (mapping != null) {
            mapping.close();
            mapping = null;
        }
    }
}

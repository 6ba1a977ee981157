package io.varve.vhostuser;

import io.varve.linux.IoRing;
import io.varve.virtqueue.DirtyLog;

/**
 * All memory that a front-end hands over: the guest's, the dirty log, the notes of requests in flight. Rings that run are moved
 * along with every change.
 */
final class SharedMemory implements AutoCloseable {
    /** What is wrong with memory that is not in the table, and what to do, for the log. */
    static final String NOT_SHARED =
            "since it uses memory that the front-end does not share; QEMU's memory backends need share=on";

    private final Vrings vrings;
    private final MappingBudget budget = new MappingBudget();
    private final MemoryTable table = new MemoryTable(budget);
    private final MigrationLog migrationLog;
    private InflightRegion inflight;

    SharedMemory(final Vrings vrings, final IoRing ring) {
        this.vrings = vrings;
        migrationLog = new MigrationLog(ring, budget);
    }

    /** The guest's memory. */
    MemoryTable table() {
        return table;
    }

    /** Where pages are marked, or null. */
    DirtyLog log() {
        return migrationLog.log();
    }

    /** Where to note what is in flight, or null. */
    InflightRegion inflight() {
        return inflight;
    }

    /** SET_MEM_TABLE; nothing is in flight. */
    void replace(final Message message, final FrontEndFds fds) throws ProtocolException {
        final MemoryRegions.Description[] regions = MemoryRegions.decodeTable(message);
        if (fds.count() != regions.length) {
            throw new ProtocolException(
                    "SET_MEM_TABLE of " + regions.length + " regions came with " + fds.count() + " descriptors");
        }
        vrings.publish();
        table.replace(regions, fds);
        relocate();
        table.unmapRetired();
    }

    /** ADD_MEM_REG. */
    void add(final Message message, final FrontEndFds fds) throws ProtocolException {
        table.add(MemoryRegions.decodeSingle(message), fds);
        relocate();
    }

    /** REM_MEM_REG; nothing is in flight. */
    void remove(final Message message) throws ProtocolException {
        vrings.publish();
        table.remove(MemoryRegions.decodeSingle(message));
        relocate();
        table.unmapRetired();
    }

    /** SET_LOG_BASE. */
    void logBase(final Message message, final FrontEndFds fds) throws ProtocolException {
        migrationLog.replace(message, fds, table);
        relocate();
    }

    /** Takes the eventfd that is signalled when pages have been marked, -1 for none. */
    void logFd(final int fd) {
        migrationLog.eventFd(fd);
    }

    private void relocate() throws ProtocolException {
        migrationLog.memory(table);
        vrings.relocate(table, migrationLog.log());
    }

    /** Tells the front-end of what has been marked. */
    void tellOfMarks() throws ProtocolException {
        migrationLog.tell();
    }

    /** SET_INFLIGHT_FD. */
    void inflight(final Message message, final FrontEndFds fds, final boolean packed) throws ProtocolException {
        if (vrings.startedCount() > 0) {
            throw new ProtocolException("SET_INFLIGHT_FD while rings run");
        }
        final InflightRegion region = InflightRegion.map(message, fds, vrings.count(), packed, budget);
        closeInflight();
        inflight = region;
    }

    /** Forgets what is noted as in flight. */
    void clearInflight() {
        if (inflight != null) {
            inflight.clear();
        }
    }

    private void closeInflight() {
        if (inflight != null) {
            inflight.close();
            inflight = null;
        }
    }

    /** Unmaps everything; no ring runs. */
    @Override
    public void close() {
        closeInflight();
        migrationLog.close();
        table.close();
    }
}

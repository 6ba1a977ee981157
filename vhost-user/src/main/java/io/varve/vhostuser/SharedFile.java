package io.varve.vhostuser;

import io.varve.linux.ErrnoException;
import io.varve.linux.FdStat;
import io.varve.linux.Mapping;

/**
 * A part of a file that a front-end hands over as memory, mapped. The reactor touches that memory, and must not wait there for anybody: files are
 * refused whose pages would have to come over a network, or from another program (FUSE).
 */
final class SharedFile implements AutoCloseable {
    private final Mapping mapping;
    private final MappingBudget budget;

    private SharedFile(final Mapping mapping, final MappingBudget budget) {
        this.mapping = mapping;
        this.budget = budget;
    }

    /**
     * Maps a part of a file.
     *
     * @param fds    has the file; still the caller's.
     * @param index  of its descriptor there.
     * @param offset where the part begins, in bytes; anything.
     * @param size   of the part, in bytes; anything.
     * @param name   of the part, for messages.
     * @param budget that it is taken from until it is closed.
     * @throws ProtocolException when it is not such a file, does not hold the part, or is too much.
     */
    static SharedFile map(
            final FrontEndFds fds,
            final int index,
            final long offset,
            final long size,
            final Object name,
            final MappingBudget budget)
            throws ProtocolException {
        if (!fds.isMemory(index)) {
            throw new ProtocolException(
                    name + " is neither a memfd nor a file on tmpfs, hugetlbfs, ext4, XFS or Btrfs");
        }
        try {
            final FdStat stat = FdStat.of(fds.fd(index));
            if (!stat.isRegularFile() || size <= 0 || offset < 0 || stat.size() - offset < size) {
                throw new ProtocolException("a file of " + stat.size() + " bytes does not hold " + name);
            }
            budget.take(size, name);
            try {
                return new SharedFile(Mapping.ofFile(fds.fd(index), offset, size), budget);
            } catch (final ErrnoException e) {
                budget.giveBack(size);
                throw e;
            }
        } catch (final ErrnoException e) {
            throw new ProtocolException(name + ": " + e.getMessage(), e);
        }
    }

    /** Address of its first byte. */
    long address() {
        return mapping.address();
    }

    /** Number of bytes. */
    long length() {
        return mapping.length();
    }

    /** Unmaps it. Idempotent. */
    @Override
    public void close() {
        if (!mapping.isClosed()) {
            mapping.close();
            budget.giveBack(mapping.length());
        }
    }
}

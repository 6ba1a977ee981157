package io.varve.vhostuser;

import io.varve.linux.ErrnoException;
import io.varve.linux.FdStat;
import io.varve.linux.Mapping;
import io.varve.linux.MemFd;

/**
 * A file that a front-end hands over as memory. The reactor touches that memory, and must not wait there for anybody: files are
 * refused whose pages would have to come over a network, or from another program (FUSE).
 */
final class SharedFile {
    private SharedFile() {}

    /**
     * Maps a part of a file.
     *
     * @param fd     still the caller's.
     * @param offset where the part begins, in bytes; anything.
     * @param size   of the part, in bytes; anything.
     * @param name   of the part, for messages.
     * @throws ProtocolException when it is not such a file, or does not hold the part.
     */
    static Mapping map(final int fd, final long offset, final long size, final Object name) throws ProtocolException {
        try {
            if (!MemFd.isMemory(fd) && !FdStat.isOnLocalFileSystem(fd)) {
                throw new ProtocolException(
                        name + " is neither a memfd nor a file on tmpfs, hugetlbfs, ext4, XFS or Btrfs");
            }
            final FdStat stat = FdStat.of(fd);
            if (!stat.isRegularFile() || size <= 0 || offset < 0 || stat.size() - offset < size) {
                throw new ProtocolException("a file of " + stat.size() + " bytes does not hold " + name);
            }
            return Mapping.ofFile(fd, offset, size);
        } catch (final ErrnoException e) {
            throw new ProtocolException(name + ": " + e.getMessage(), e);
        }
    }
}

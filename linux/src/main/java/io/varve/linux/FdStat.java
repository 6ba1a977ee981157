package io.varve.linux;

import java.lang.foreign.Arena;

/**
 * What {@code fstat(2)} says of a descriptor.
 *
 * @param mode      type and permissions ({@code st_mode}).
 * @param size      in bytes; 0 for what has none.
 * @param blockSize preferred unit of I/O in bytes ({@code st_blksize}).
 * @param allocated space that is allocated, in bytes.
 * @param device    number of the device that the file lives on; with {@code inode} the identity of the file.
 * @param inode     number of the file.
 */
public record FdStat(int mode, long size, int blockSize, long allocated, long device, long inode) {
    private static final int S_IFMT = 0xf000;
    private static final int S_IFDIR = 0x4000;
    private static final int S_IFBLK = 0x6000;
    private static final int S_IFREG = 0x8000;
    private static final int S_IFSOCK = 0xc000;

    private static final int ST_DEV_OFFSET = 0;
    private static final int ST_INO_OFFSET = 8;
    private static final int ST_SIZE_OFFSET = 48;
    private static final int ST_BLOCKS_OFFSET = 64;
    private static final int ST_BLOCKS_UNIT = 512;

    /** Size of {@code struct statfs} (asm-generic/statfs.h). */
    private static final int STATFS_SIZE = 120;

    private static final int F_TYPE_OFFSET = 0;
    private static final int F_BSIZE_OFFSET = 8;

    /** {@code HUGETLBFS_MAGIC} (linux/magic.h). */
    private static final int HUGETLBFS_MAGIC = 0x958458f6;

    /** {@code EXT4_SUPER_MAGIC}, which is that of ext2 and ext3, too. */
    private static final int EXT4_SUPER_MAGIC = 0xef53;

    /** {@code XFS_SUPER_MAGIC}. */
    private static final int XFS_SUPER_MAGIC = 0x58465342;

    /** {@code BTRFS_SUPER_MAGIC}. */
    private static final int BTRFS_SUPER_MAGIC = 0x9123683e;

    /**
     * Asks about a descriptor.
     *
     * @throws ErrnoException when it is not open.
     */
    public static FdStat of(final int fd) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            final Abi abi = Abi.CURRENT;
            final long stat = arena.allocate(abi.statSize(), Long.BYTES).address();
            ErrnoException.check(Libc.fstat(fd, stat), "fstat of fd " + fd);
            return new FdStat(
                    Memory.getInt(stat + abi.statModeOffset()),
                    Memory.getLong(stat + ST_SIZE_OFFSET),
                    Memory.getInt(stat + abi.statBlockSizeOffset()),
                    Memory.getLong(stat + ST_BLOCKS_OFFSET) * ST_BLOCKS_UNIT,
                    Memory.getLong(stat + ST_DEV_OFFSET),
                    Memory.getLong(stat + ST_INO_OFFSET));
        }
    }

    /**
     * Size of the pages that back a descriptor's mappings: that of the huge pages on hugetlbfs, else
     * {@link Memory#PAGE_SIZE}. Offsets and lengths of mappings are multiples of it.
     *
     * @return in bytes, a power of two.
     * @throws ErrnoException when it is not open.
     */
    public static long mappingAlignment(final int fd) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            final long statfs = statfs(arena, fd);
            final boolean huge = (int) Memory.getLong(statfs + F_TYPE_OFFSET) == HUGETLBFS_MAGIC;
            return huge ? Memory.getLong(statfs + F_BSIZE_OFFSET) : Memory.PAGE_SIZE;
        }
    }

    /**
     * Whether a descriptor lives on a file system that keeps its files on a disk and asks nobody else: ext2 to ext4, XFS or Btrfs.
     * On others, such as those of a network or in user space, a page may never come.
     *
     * @throws ErrnoException when it is not open.
     */
    public static boolean isOnLocalFileSystem(final int fd) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            return switch ((int) Memory.getLong(statfs(arena, fd) + F_TYPE_OFFSET)) {
                case EXT4_SUPER_MAGIC, XFS_SUPER_MAGIC, BTRFS_SUPER_MAGIC -> true;
                default -> false;
            };
        }
    }

    private static long statfs(final Arena arena, final int fd) throws ErrnoException {
        final long statfs = arena.allocate(STATFS_SIZE, Long.BYTES).address();
        ErrnoException.check(Libc.fstatfs(fd, statfs), "fstatfs of fd " + fd);
        return statfs;
    }

    /** Whether it is a regular file; a memfd is one. */
    public boolean isRegularFile() {
        return (mode & S_IFMT) == S_IFREG;
    }

    /** Whether it is a directory. */
    public boolean isDirectory() {
        return (mode & S_IFMT) == S_IFDIR;
    }

    /** Whether it is a block device. */
    public boolean isBlockDevice() {
        return (mode & S_IFMT) == S_IFBLK;
    }

    /** Whether it is a socket. */
    public boolean isSocket() {
        return (mode & S_IFMT) == S_IFSOCK;
    }

    /** The permission bits, such as 0600. */
    public int permissions() {
        return mode & 0xfff;
    }
}

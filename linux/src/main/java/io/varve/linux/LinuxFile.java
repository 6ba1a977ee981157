package io.varve.linux;

import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * An open file, for O_DIRECT and the calls that Java does not offer. Positions and lengths are in bytes; memory is given by
 * address and must be valid. Reading and writing may be done by any thread; closing is the owner's.
 */
public final class LinuxFile implements AutoCloseable {
    /** Open for reading (fcntl.h). */
    public static final int O_RDONLY = 0;

    /** Open for writing. */
    public static final int O_WRONLY = 1;

    /** Open for reading and writing. */
    public static final int O_RDWR = 2;

    /** Create it when it does not exist. */
    public static final int O_CREAT = 0x40;

    /** With {@link #O_CREAT}: fail with EEXIST when it exists. */
    public static final int O_EXCL = 0x80;

    /** Cut it to length 0. */
    public static final int O_TRUNC = 0x200;

    /** Every write is durable when it returns. */
    public static final int O_DSYNC = 0x1000;

    /** Bypass the page cache: memory, offsets and lengths aligned to the device's blocks. */
    public static final int O_DIRECT = Abi.CURRENT.oDirect();

    /** Fail with ENOTDIR when it is no directory. */
    public static final int O_DIRECTORY = Abi.CURRENT.oDirectory();

    /** Fail with ELOOP when it is a symbolic link. */
    public static final int O_NOFOLLOW = Abi.CURRENT.oNoFollow();

    /** {@link #fallocate} mode: leave the size as it is (linux/falloc.h). */
    public static final int FALLOC_FL_KEEP_SIZE = 0x01;

    /** {@link #fallocate} mode: give the range back; with {@link #FALLOC_FL_KEEP_SIZE}. */
    public static final int FALLOC_FL_PUNCH_HOLE = 0x02;

    /** {@link #fallocate} mode: make the range read as zeros. */
    public static final int FALLOC_FL_ZERO_RANGE = 0x10;

    /** Only to tell which file it is ({@code open(2)}): neither reads nor writes, and takes no right to the file. */
    private static final int O_PATH = 0x200000;

    /** Most often that a name may lead to another file than the one just opened before that counts as a failure. */
    private static final int MAX_MOVES = 100;

    private static final int SEEK_DATA = 3;
    private static final int SEEK_HOLE = 4;

    private static final int O_CLOEXEC = 0x80000;

    private static final int F_OFD_GETLK = 36;
    private static final int F_OFD_SETLK = 37;
    private static final short F_WRLCK = 1;
    private static final short F_UNLCK = 2;

    /** Size of {@code struct flock} (asm-generic/fcntl.h), of 64-bit offsets; zeros mean the whole file. */
    private static final int FLOCK_SIZE = 32;

    private static final int LOCK_EX = 2;
    private static final int LOCK_NB = 4;

    /** Between two tries to lock a directory. */
    private static final long LOCK_PAUSE_MS = 5;

    private static final int POSIX_FADV_RANDOM = 1;

    private final Path path;
    private int fd;

    private LinuxFile(final Path path, final int fd) {
        this.path = path;
        this.fd = fd;
    }

    /**
     * Opens an existing file; closed on exec.
     *
     * @param path  in UTF-8.
     * @param flags of O_....
     * @throws ErrnoException when it can't be opened.
     */
    public static LinuxFile open(final Path path, final int flags) throws ErrnoException {
        return open(path, flags, 0);
    }

    /**
     * Opens a file; closed on exec.
     *
     * @param path  in UTF-8.
     * @param flags of O_....
     * @param mode  permissions of a file that is created, such as 0600; the umask is taken off.
     * @throws ErrnoException when it can't be opened.
     */
    public static LinuxFile open(final Path path, final int flags, final int mode) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            final long name = arena.allocateFrom(path.toString()).address();
            int fd;
            do {
                fd = Libc.open(name, flags | O_CLOEXEC, mode);
            } while (fd == -Errno.EINTR);
            return new LinuxFile(path, ErrnoException.check(fd, "open " + path));
        }
    }

    /**
     * Opens a file and locks it, as {@link #tryLock()}, and makes sure that the path leads to this very file then: while it
     * was opened another may have removed it or given it another name. As long as nobody renames, replaces or removes a file
     * without holding its lock, the path leads to it for as long as the lock is held.
     *
     * @param flags of O_....; O_DIRECT is left out where the file system has none. Not {@link #O_EXCL}.
     * @param mode  permissions of a file that is created.
     * @return null when another description holds the lock.
     * @throws ErrnoException when it can't be opened or locked, or the path never leads to the same file twice (EAGAIN).
     */
    public static LinuxFile openLocked(final Path path, final int flags, final int mode) throws ErrnoException {
        for (int i = 0; i < MAX_MOVES; i++) {
            final LinuxFile file = openDirectIfPossible(path, flags, mode);
            boolean isKept = false;
            try {
                if (!file.tryLock()) {
                    return null;
                }
                isKept = file.isAt(path);
                if (isKept) {
                    return file;
                }
            } finally {
                if (!isKept) {
                    file.close();
                }
            }
        }
        throw new ErrnoException("open " + path + ", which others replace all the time", Errno.EAGAIN);
    }

    private static LinuxFile openDirectIfPossible(final Path path, final int flags, final int mode)
            throws ErrnoException {
        try {
            return open(path, flags, mode);
        } catch (final ErrnoException e) {
            if (e.errno() != Errno.EINVAL || (flags & O_DIRECT) == 0) {
                throw e;
            }
            return open(path, flags & ~O_DIRECT, mode);
        }
    }

    /**
     * Whether a path leads to this file.
     *
     * @throws ErrnoException when that can't be told.
     */
    public boolean isAt(final Path other) throws ErrnoException {
        try (LinuxFile there = open(other, O_PATH)) {
            final FdStat its = there.stat();
            final FdStat mine = stat();
            return its.device() == mine.device() && its.inode() == mine.inode();
        } catch (final ErrnoException e) {
            if (e.errno() == Errno.ENOENT || e.errno() == Errno.ENOTDIR || e.errno() == Errno.ELOOP) {
                return false;
            }
            throw e;
        }
    }

    /**
     * Whether another description holds a lock on the file. Takes none, so that nobody who opens it meanwhile is refused.
     *
     * @throws ErrnoException when closed, or the file system does not lock.
     */
    public boolean isLockedByOther() throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            final long flock = arena.allocate(FLOCK_SIZE, Long.BYTES).address();
            Memory.putShort(flock, F_WRLCK);
            check(Libc.fcntl(fd, F_OFD_GETLK, flock), "ask for the lock of");
            return Memory.getShort(flock) != F_UNLCK;
        }
    }

    /**
     * Reads until {@code length} bytes are there or the file ends.
     *
     * @return bytes read; less than {@code length} at the end of the file only.
     * @throws ErrnoException on the first error.
     */
    public long pread(final long address, final long length, final long offset) throws ErrnoException {
        long done = 0;
        while (done < length) {
            final long result = Libc.pread(fd, address + done, length - done, offset + done);
            if (result == 0) {
                break;
            }
            if (result != -Errno.EINTR) {
                done += check(result, "pread");
            }
        }
        return done;
    }

    /**
     * Writes all of {@code length} bytes.
     *
     * @throws ErrnoException on the first error; part of the data may have been written.
     */
    public void pwrite(final long address, final long length, final long offset) throws ErrnoException {
        long done = 0;
        while (done < length) {
            final long result = Libc.pwrite(fd, address + done, length - done, offset + done);
            if (result == 0) {
                throw new ErrnoException("pwrite " + path, Errno.EIO);
            }
            if (result != -Errno.EINTR) {
                done += check(result, "pwrite");
            }
        }
    }

    /** Has the kernel read no more than it is asked for, of a file that goes through the page cache (POSIX_FADV_RANDOM). */
    public void readNothingAhead() {
        // Advice: a file system that does not know it reads as it always does.
        Libc.posixFadvise(fd, 0, 0, POSIX_FADV_RANDOM);
    }

    /**
     * Makes what was written durable, and what is needed to read it back.
     *
     * @throws ErrnoException when that failed; what was written since the last success is then unsure for good.
     */
    public void fdatasync() throws ErrnoException {
        check(Libc.fdatasync(fd), "fdatasync");
    }

    /**
     * Makes what was written and all that is known of the file durable.
     *
     * @throws ErrnoException as {@link #fdatasync()}.
     */
    public void fsync() throws ErrnoException {
        check(Libc.fsync(fd), "fsync");
    }

    /**
     * Allocates or gives back space.
     *
     * @param mode 0 to allocate, or FALLOC_FL_....
     * @throws ErrnoException when there is no space (ENOSPC) or the file system can't (EOPNOTSUPP).
     */
    public void fallocate(final int mode, final long offset, final long length) throws ErrnoException {
        int result;
        do {
            result = Libc.fallocate(fd, mode, offset, length);
        } while (result == -Errno.EINTR);
        check(result, "fallocate");
    }

    /**
     * Sets the size.
     *
     * @throws ErrnoException when it can't be.
     */
    public void ftruncate(final long size) throws ErrnoException {
        check(Libc.ftruncate(fd, size), "ftruncate");
    }

    /**
     * The size in bytes.
     *
     * @throws ErrnoException when closed.
     */
    public long size() throws ErrnoException {
        return stat().size();
    }

    /**
     * Where data begins that is not a hole ({@code lseek(2)}, SEEK_DATA). File systems that know of no holes have none.
     *
     * @return at or behind {@code offset}; -1 when only a hole follows, or the end.
     * @throws ErrnoException when it can't be told.
     */
    public long seekData(final long offset) throws ErrnoException {
        final long result = Libc.lseek(fd, offset, SEEK_DATA);
        return result == -Errno.ENXIO ? -1 : check(result, "lseek");
    }

    /**
     * Where a hole begins, of which there is one behind the end at least ({@code lseek(2)}, SEEK_HOLE).
     *
     * @return at or behind {@code offset}; -1 when that is behind the end.
     * @throws ErrnoException when it can't be told.
     */
    public long seekHole(final long offset) throws ErrnoException {
        final long result = Libc.lseek(fd, offset, SEEK_HOLE);
        return result == -Errno.ENXIO ? -1 : check(result, "lseek");
    }

    /**
     * What the kernel knows of it.
     *
     * @throws ErrnoException when closed.
     */
    public FdStat stat() throws ErrnoException {
        return FdStat.of(fd);
    }

    /**
     * Locks the whole file for writing, without waiting. The lock is the open file description's (an OFD lock): held while
     * any duplicate of the descriptor, in any process, or any I/O in flight refers to it.
     *
     * @return whether it is locked now; false when another description holds a lock.
     * @throws ErrnoException when the file system does not lock, or the file is not open for writing.
     */
    public boolean tryLock() throws ErrnoException {
        final int result = lock(F_WRLCK);
        if (result == -Errno.EAGAIN || result == -Errno.EACCES) {
            return false;
        }
        check(result, "lock");
        return true;
    }

    /**
     * Gives the lock back.
     *
     * @throws ErrnoException when closed.
     */
    public void unlock() throws ErrnoException {
        check(lock(F_UNLCK), "unlock");
    }

    private int lock(final short type) {
        try (Arena arena = Arena.ofConfined()) {
            final long flock = arena.allocate(FLOCK_SIZE, Long.BYTES).address();
            Memory.putShort(flock, type);
            return Libc.fcntl(fd, F_OFD_SETLK, flock);
        }
    }

    /** The path that it was opened by. */
    public Path path() {
        return path;
    }

    /** The descriptor, or -1 when closed. */
    public int fd() {
        return fd;
    }

    /** Closes the descriptor, and makes nothing durable. Idempotent. */
    @Override
    public void close() {
        Fd.close(fd);
        fd = -1;
    }

    /**
     * Locks a directory ({@code flock(2)}) against all who lock it in this way too, until it is closed: for looking at a name
     * and changing it.
     *
     * @param timeoutMs most milliseconds to wait.
     * @throws ErrnoException when another holds the lock for longer (EAGAIN), or it can't be locked.
     */
    public static LinuxFile lockDirectory(final Path directory, final long timeoutMs) throws ErrnoException {
        final LinuxFile file = open(directory, O_RDONLY | O_DIRECTORY);
        try {
            final long endNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMs);
            int result = Libc.flock(file.fd, LOCK_EX | LOCK_NB);
            while ((result == -Errno.EAGAIN || result == -Errno.EINTR) && System.nanoTime() < endNs) {
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(LOCK_PAUSE_MS));
                result = Libc.flock(file.fd, LOCK_EX | LOCK_NB);
            }
            ErrnoException.check(result, "lock " + directory);
            return file;
        } catch (final ErrnoException e) {
            file.close();
            throw e;
        }
    }

    /**
     * Makes the entries of a directory durable: files created, renamed and removed in it.
     *
     * @throws ErrnoException when that failed, or it is no directory.
     */
    public static void syncDirectory(final Path directory) throws ErrnoException {
        try (LinuxFile file = open(directory, O_RDONLY | O_DIRECTORY)) {
            file.fsync();
        }
    }

    /**
     * Gives an existing file a second name ({@code link(2)}): the way to create a finished file only if the name is free.
     *
     * @throws ErrnoException when {@code link} exists (EEXIST), or it can't be done.
     */
    public static void link(final Path existing, final Path link) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            ErrnoException.check(
                    Libc.link(
                            arena.allocateFrom(existing.toString()).address(),
                            arena.allocateFrom(link.toString()).address()),
                    "link " + existing + " to " + link);
        }
    }

    /**
     * Renames a file, in place of what had the name ({@code rename(2)}).
     *
     * @throws ErrnoException when it can't be done.
     */
    public static void rename(final Path from, final Path to) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            ErrnoException.check(
                    Libc.rename(
                            arena.allocateFrom(from.toString()).address(),
                            arena.allocateFrom(to.toString()).address()),
                    "rename " + from + " to " + to);
        }
    }

    /**
     * Sets the permissions of a socket's file, and of nothing else that may have taken its place: links are not followed.
     *
     * @param mode such as 0600.
     * @throws ErrnoException when the path leads to something else (ENOTSOCK), or it can't be done.
     */
    public static void setSocketMode(final Path path, final int mode) throws ErrnoException {
        try (LinuxFile file = open(path, O_PATH | O_NOFOLLOW);
                Arena arena = Arena.ofConfined()) {
            if (!file.stat().isSocket()) {
                throw new ErrnoException("chmod " + path, Errno.ENOTSOCK);
            }
            final long itself = arena.allocateFrom("/proc/self/fd/" + file.fd).address();
            ErrnoException.check(Libc.chmod(itself, mode), "chmod " + path);
        }
    }

    /**
     * Removes a name ({@code unlink(2)}).
     *
     * @throws ErrnoException when there is none (ENOENT), or it can't be done.
     */
    public static void unlink(final Path path) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            ErrnoException.check(Libc.unlink(arena.allocateFrom(path.toString()).address()), "unlink " + path);
        }
    }

    private long check(final long result, final String call) throws ErrnoException {
        if (result < 0) {
            throw new ErrnoException(call + " " + path, (int) -result);
        }
        return result;
    }
}

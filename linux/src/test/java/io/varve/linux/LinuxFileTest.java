package io.varve.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

@ExtendWith(NoFdLeaks.class)
class LinuxFileTest {
    private static final int BLOCK = 4096;

    @TempDir
    Path directory;

    private Mapping memory;
    private Path path;

    @BeforeEach
    void setUp() throws Exception {
        memory = Memory.allocate(4 * BLOCK);
        path = directory.resolve("file");
    }

    @AfterEach
    void tearDown() {
        memory.close();
    }

    private LinuxFile create(final int flags) throws ErrnoException {
        return LinuxFile.open(path, LinuxFile.O_RDWR | LinuxFile.O_CREAT | flags, 0600);
    }

    static void assertFails(final int errno, final String message, final ThrowingCallable call) {
        assertThatExceptionOfType(ErrnoException.class)
                .isThrownBy(call)
                .withMessageContaining(message)
                .satisfies(e -> assertThat(e.errno()).isEqualTo(errno));
    }

    @Test
    void createsExclusivelyWithTheModeAsked() throws Exception {
        try (LinuxFile file = create(LinuxFile.O_EXCL)) {
            assertThat(file.stat().permissions()).isEqualTo(0600);
            assertThat(file.stat().isRegularFile()).isTrue();
            assertThat(Fd.descriptorFlags(file.fd())).isEqualTo(Fd.FD_CLOEXEC);
            assertFails(Errno.EEXIST, "open " + path + ": File exists (EEXIST)", () -> create(LinuxFile.O_EXCL));
        }
    }

    @Test
    void saysWhatCouldNotBeOpenedAndWhy() {
        assertFails(
                Errno.ENOENT,
                "open " + path + ": No such file or directory (ENOENT)",
                () -> LinuxFile.open(path, LinuxFile.O_RDONLY));
        assertFails(Errno.EISDIR, "EISDIR", () -> LinuxFile.open(directory, LinuxFile.O_RDWR));
    }

    @Test
    void readsAndWritesDirectly() throws Exception {
        try (LinuxFile file = create(LinuxFile.O_DIRECT)) {
            assertThat(Fd.statusFlags(file.fd()) & LinuxFile.O_DIRECT).isEqualTo(LinuxFile.O_DIRECT);
            Memory.fill(memory.address(), BLOCK, (byte) 7);
            file.pwrite(memory.address(), BLOCK, 3L << 32);
            file.fdatasync();
            file.fsync();
            assertThat(file.size()).isEqualTo((3L << 32) + BLOCK);
            final long target = memory.address() + BLOCK;
            assertThat(file.pread(target, 2 * BLOCK, 3L << 32)).isEqualTo(BLOCK);
            assertThat(Memory.getInt(target)).isEqualTo(0x07070707);
            assertThat(file.pread(target, BLOCK, 4L << 32)).isZero();
            assertFails(Errno.EINVAL, "pwrite " + path, () -> file.pwrite(target + 1, BLOCK, 0));
        }
    }

    @Test
    void failsWhenNotOpenForWriting() throws Exception {
        create(0).close();
        try (LinuxFile file = LinuxFile.open(path, LinuxFile.O_RDONLY)) {
            assertFails(Errno.EBADF, "pwrite " + path, () -> file.pwrite(memory.address(), BLOCK, 0));
            assertFails(Errno.EINVAL, "ftruncate " + path, () -> file.ftruncate(1));
            assertFails(Errno.EBADF, "lock " + path, file::tryLock);
        }
    }

    @Test
    void allocatesPunchesAndZeroes() throws Exception {
        try (LinuxFile file = create(0)) {
            file.fallocate(0, 0, 4 * BLOCK);
            assertThat(file.size()).isEqualTo(4 * BLOCK);
            assertThat(file.stat().allocated()).isGreaterThanOrEqualTo(4 * BLOCK);
            Memory.fill(memory.address(), 4 * BLOCK, (byte) 1);
            file.pwrite(memory.address(), 4 * BLOCK, 0);
            file.fallocate(LinuxFile.FALLOC_FL_PUNCH_HOLE | LinuxFile.FALLOC_FL_KEEP_SIZE, BLOCK, BLOCK);
            assertThat(file.pread(memory.address(), BLOCK, BLOCK)).isEqualTo(BLOCK);
            assertThat(Memory.getLong(memory.address())).isZero();
            assertThat(file.pread(memory.address(), BLOCK, 0)).isEqualTo(BLOCK);
            assertThat(Memory.getByte(memory.address())).isEqualTo((byte) 1);
            file.ftruncate(BLOCK);
            assertThat(file.size()).isEqualTo(BLOCK);
            assertFails(Errno.EINVAL, "fallocate", () -> file.fallocate(0, -1, BLOCK));
        }
    }

    @Test
    void findsDataAndHoles() throws Exception {
        final long mib = 1 << 20;
        try (LinuxFile file = create(0)) {
            assertThat(file.seekData(0)).isEqualTo(-1);
            file.pwrite(memory.address(), BLOCK, mib);
            file.ftruncate(4 * mib);
            assertThat(file.seekData(0)).isEqualTo(mib);
            assertThat(file.seekData(mib + 1)).isEqualTo(mib + 1);
            assertThat(file.seekHole(mib)).isBetween(mib + BLOCK, 2 * mib);
            assertThat(file.seekData(2 * mib)).isEqualTo(-1);
            assertThat(file.seekHole(5 * mib)).isEqualTo(-1);
        }
    }

    @Test
    void locksTheDescriptionAndNotTheProcess() throws Exception {
        try (LinuxFile second = create(0)) {
            final int duplicate;
            try (LinuxFile first = create(0)) {
                assertThat(first.tryLock()).isTrue();
                assertThat(first.tryLock()).isTrue();
                assertThat(second.tryLock()).isFalse();
                duplicate = Fd.duplicate(first.fd());
            }
            assertThat(second.tryLock()).as("held by the duplicate").isFalse();
            Fd.close(duplicate);
            assertThat(second.tryLock()).isTrue();
            second.unlock();
            try (LinuxFile third = create(0)) {
                assertThat(third.tryLock()).isTrue();
            }
        }
    }

    @Test
    void linksRenamesAndUnlinks() throws Exception {
        create(0).close();
        final Path other = directory.resolve("other");
        LinuxFile.link(path, other);
        assertFails(Errno.EEXIST, "link " + path + " to " + other, () -> LinuxFile.link(path, other));
        LinuxFile.unlink(path);
        assertFails(Errno.ENOENT, "unlink " + path, () -> LinuxFile.unlink(path));
        LinuxFile.rename(other, path);
        assertFails(Errno.ENOENT, "rename " + other + " to " + path, () -> LinuxFile.rename(other, path));
        LinuxFile.syncDirectory(directory);
        assertFails(Errno.ENOTDIR, "open " + path, () -> LinuxFile.syncDirectory(path));
        assertThat(Files.exists(path)).isTrue();
    }

    @Test
    void takesPathsInUtf8() throws Exception {
        path = directory.resolve("schnörkel-层");
        create(0).close();
        try (var entries = Files.list(directory)) {
            assertThat(entries.count()).isEqualTo(1);
        }
        try (LinuxFile file = LinuxFile.open(path, LinuxFile.O_RDONLY)) {
            assertThat(file.path()).isEqualTo(path);
        }
    }

    @Test
    void closesOnce() throws Exception {
        final LinuxFile file = create(0);
        final int fd = file.fd();
        file.close();
        file.close();
        assertThat(file.fd()).isEqualTo(-1);
        assertThat(Fd.isOpen(fd)).isFalse();
        assertFails(Errno.EBADF, "pread", () -> file.pread(memory.address(), 1, 0));
    }

    @Test
    void knowsTheDescriptorsItIsAskedAbout() throws Exception {
        try (LinuxFile opened = LinuxFile.open(directory, LinuxFile.O_RDONLY | LinuxFile.O_DIRECTORY)) {
            final FdStat stat = opened.stat();
            assertThat(stat.isDirectory()).isTrue();
            assertThat(stat.isRegularFile()).isFalse();
            assertThat(stat.isSocket()).isFalse();
            assertThat(stat.isBlockDevice()).isFalse();
            assertThat(stat.inode()).isEqualTo(Files.getAttribute(directory, "unix:ino"));
            assertThat(stat.device()).isEqualTo(Files.getAttribute(directory, "unix:dev"));
            assertThat(stat.blockSize()).isPositive();
            assertThat(FdStat.mappingAlignment(opened.fd())).isEqualTo(Memory.PAGE_SIZE);
        }
        assertFails(Errno.EBADF, "fstat", () -> FdStat.of(1 << 20));
        assertFails(Errno.EBADF, "fstatfs", () -> FdStat.mappingAlignment(1 << 20));
        assertFails(Errno.EBADF, "dup", () -> Fd.duplicate(1 << 20));
        assertFails(Errno.EBADF, "F_GETFL", () -> Fd.setNonBlocking(1 << 20));
    }

    @Test
    void aLockIsOnlyHadOnTheFileThatThePathLeadsTo() throws Exception {
        final int flags = LinuxFile.O_RDWR | LinuxFile.O_CREAT | LinuxFile.O_DIRECT;
        final AtomicInteger nameless = new AtomicInteger();
        final Callable<Void> remover = () -> {
            for (int i = 0; i < 2000; i++) {
                try (LinuxFile file = LinuxFile.openLocked(path, flags, 0600)) {
                    if (file == null) {
                        continue;
                    }
                    if (!file.isAt(path)) {
                        nameless.incrementAndGet();
                    } else {
                        LinuxFile.unlink(path);
                    }
                }
            }
            return null;
        };
        try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
            for (final Future<Void> future : threads.invokeAll(List.of(remover, remover))) {
                future.get();
            }
        }
        assertThat(nameless).hasValue(0);
    }

    @Test
    void asksForALockWithoutTakingIt() throws Exception {
        try (LinuxFile one = create(0);
                LinuxFile other = create(0)) {
            assertThat(other.isLockedByOther()).isFalse();
            assertThat(one.tryLock()).isTrue();
            assertThat(one.isLockedByOther()).isFalse();
            assertThat(other.isLockedByOther()).isTrue();
            assertThat(LinuxFile.openLocked(path, LinuxFile.O_RDWR, 0)).isNull();
        }
    }

    @Test
    void aDirectoryIsLockedByOneAtATime() throws Exception {
        try (LinuxFile lock = LinuxFile.lockDirectory(directory, 0)) {
            assertThat(lock.isAt(directory)).isTrue();
            assertFails(Errno.EAGAIN, "lock " + directory, () -> LinuxFile.lockDirectory(directory, 10));
        }
        LinuxFile.lockDirectory(directory, 0).close();
    }

    @Test
    void theModeOfWhatASocketsLinkLeadsToStays() throws Exception {
        Files.createFile(path, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        final Path link = Files.createSymbolicLink(directory.resolve("link"), path);
        assertFails(Errno.ENOTSOCK, "chmod " + link, () -> LinuxFile.setSocketMode(link, 0666));
        assertFails(Errno.ENOTSOCK, "chmod " + path, () -> LinuxFile.setSocketMode(path, 0666));
        assertThat(Files.getPosixFilePermissions(path)).isEqualTo(PosixFilePermissions.fromString("rw-------"));
    }
}

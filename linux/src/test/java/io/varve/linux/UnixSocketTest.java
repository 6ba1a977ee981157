package io.varve.linux;

import static io.varve.linux.LinuxFileTest.assertFails;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

@ExtendWith(NoFdLeaks.class)
@Timeout(20)
class UnixSocketTest {
    @TempDir
    Path directory;

    private final FdList fds = new FdList(8);
    private Path path;
    private Mapping memory;
    private long address;
    private UnixSocket left;
    private UnixSocket right;

    @BeforeEach
    void setUp() throws Exception {
        path = directory.resolve("socket");
        memory = Memory.allocate(1 << 16);
        address = memory.address();
        final UnixSocket[] pair = UnixSocket.pair();
        left = pair[0];
        right = pair[1];
    }

    @AfterEach
    void tearDown() {
        fds.closeAll();
        left.close();
        right.close();
        memory.close();
    }

    @Test
    void listensConnectsAndAccepts() throws Exception {
        try (UnixSocket listening = UnixSocket.listen(path, 0600, 1)) {
            assertThat(listening.isListening()).isTrue();
            assertThat(listening.accept()).isNull();
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
                    .isEqualTo("rw-------");
            try (UnixSocket client = UnixSocket.connect(path)) {
                assertThat(listening.awaitReadable(10_000)).isTrue();
                try (UnixSocket server = listening.accept()) {
                    assertThat(server.isListening()).isFalse();
                    assertThat(Fd.descriptorFlags(server.fd())).isEqualTo(Fd.FD_CLOEXEC);
                    assertThat(server.receive(address, 1, fds)).isEqualTo(UnixSocket.WOULD_BLOCK);
                    assertThat(client.send(address, 3, null)).isEqualTo(3);
                    assertThat(server.receive(address, 10, fds)).isEqualTo(3);
                    assertThat(server.peerCredentials().pid())
                            .isEqualTo((int) ProcessHandle.current().pid());
                    assertThat(server.peerCredentials().uid()).isEqualTo(Files.getAttribute(directory, "unix:uid"));
                    assertThat(server.peerCredentials().gid()).isEqualTo(Files.getAttribute(directory, "unix:gid"));
                }
                assertThat(client.receive(address, 1, fds)).isZero();
                assertThat(listening.accept()).isNull();
            }
        }
        assertThat(path).exists();
    }

    @Test
    void givesTheModeAskedWhateverTheUmask() throws Exception {
        try (UnixSocket listening = UnixSocket.listen(path, 0666, 1)) {
            assertThat(listening.fd()).isPositive();
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
                    .isEqualTo("rw-rw-rw-");
        }
    }

    @Test
    void saysWhyItCanNotListenOrConnect() throws Exception {
        assertFails(Errno.ENOENT, "connect to " + path, () -> UnixSocket.connect(path));
        UnixSocket.listen(path, 0600, 1).close();
        assertFails(Errno.EADDRINUSE, "bind " + path, () -> UnixSocket.listen(path, 0600, 1));
        assertFails(Errno.ECONNREFUSED, "connect to " + path, () -> UnixSocket.connect(path));
        final Path missing = directory.resolve("no/socket");
        assertFails(Errno.ENOENT, "bind " + missing, () -> UnixSocket.listen(missing, 0600, 1));
    }

    @Test
    void takesPathsOfTheGreatestLengthAndNoLonger() throws Exception {
        final Path longest = pathOfLength(UnixSocket.MAX_PATH_BYTES);
        try (UnixSocket listening = UnixSocket.listen(longest, 0600, 1);
                UnixSocket client = UnixSocket.connect(longest)) {
            assertThat(client.fd()).isNotEqualTo(listening.fd());
            assertThat(longest).exists();
        } finally {
            Files.delete(longest);
        }
        final Path tooLong = pathOfLength(UnixSocket.MAX_PATH_BYTES + 1);
        assertFails(Errno.ENAMETOOLONG, "108 bytes, at most 107", () -> UnixSocket.listen(tooLong, 0600, 1));
        assertFails(Errno.ENAMETOOLONG, "108 bytes, at most 107", () -> UnixSocket.connect(tooLong));
    }

    private static Path pathOfLength(final int length) {
        final String prefix = "/tmp/varve-" + ProcessHandle.current().pid() + "-";
        return Path.of(prefix + "x".repeat(length - prefix.length()));
    }

    @Test
    void carriesDescriptors() throws Exception {
        try (EventFd event = EventFd.create();
                MemFd memFd = MemFd.create("sent", 4096)) {
            final FdList sent = new FdList(2);
            sent.add(event.fd());
            sent.add(memFd.fd());
            Memory.putLong(address, 42);
            assertThat(left.send(address, 8, sent)).isEqualTo(8);
            assertThat(sent.count()).as("still the sender's").isEqualTo(2);

            assertThat(right.receive(address + 64, 100, fds)).isEqualTo(8);
            assertThat(Memory.getLong(address + 64)).isEqualTo(42);
            assertThat(fds.count()).isEqualTo(2);
            assertThat(fds.isTruncated()).isFalse();
            assertThat(Fd.descriptorFlags(fds.fd(0))).isEqualTo(Fd.FD_CLOEXEC);
            EventFd.signal(fds.fd(0));
            assertThat(event.drain()).isEqualTo(1);
            assertThat(FdStat.of(fds.fd(1)).inode())
                    .isEqualTo(FdStat.of(memFd.fd()).inode());

            final int taken = fds.take(0);
            assertThat(fds.fd(0)).isEqualTo(-1);
            final int left = fds.fd(1);
            fds.closeAll();
            assertThat(Fd.isOpen(left)).isFalse();
            assertThat(Fd.isOpen(taken)).isTrue();
            Fd.close(taken);
        }
    }

    @Test
    void stopsAtTheNextDescriptors() throws Exception {
        try (EventFd event = EventFd.create()) {
            final FdList sent = new FdList(1);
            sent.add(event.fd());
            for (int i = 0; i < 3; i++) {
                left.send(address, 10, sent);
            }
            for (int i = 0; i < 3; i++) {
                assertThat(right.receive(address, 100, fds)).isEqualTo(10);
                assertThat(fds.count()).isEqualTo(1);
                fds.closeAll();
            }
            assertThat(right.receive(address, 100, fds)).isEqualTo(UnixSocket.WOULD_BLOCK);
        }
    }

    @Test
    void closesDescriptorsThatItDidNotAskFor() throws Exception {
        try (EventFd event = EventFd.create()) {
            final FdList sent = new FdList(FdList.MAX_CAPACITY);
            for (int i = 0; i < FdList.MAX_CAPACITY; i++) {
                sent.add(event.fd());
            }
            for (final int capacity : new int[] {1, 2, 3, 8, FdList.MAX_CAPACITY}) {
                final int before = NoFdLeaks.open().size();
                assertThat(left.send(address, 1, sent)).isEqualTo(1);
                final FdList some = new FdList(capacity);
                assertThat(right.receive(address, 1, some)).isEqualTo(1);
                assertThat(some.count()).isEqualTo(capacity);
                assertThat(some.isTruncated()).isEqualTo(capacity < FdList.MAX_CAPACITY);
                assertThat(NoFdLeaks.open()).hasSize(before + capacity);
                some.closeAll();
                assertThat(some.isTruncated()).isFalse();
            }
        }
    }

    @Test
    void refusesToReceiveOverDescriptorsThatAreStillOwned() throws Exception {
        final int fd = Fd.duplicate(left.fd());
        fds.add(fd);
        assertThatIllegalStateException().isThrownBy(() -> right.receive(address, 1, fds));
    }

    @Test
    void neverWaits() throws Exception {
        assertThat(left.receive(address, 10, fds)).isEqualTo(UnixSocket.WOULD_BLOCK);
        int sent = 0;
        int result = left.send(address, 1 << 16, null);
        while (result > 0) {
            sent += result;
            result = left.send(address, 1 << 16, null);
        }
        assertThat(result).isEqualTo(UnixSocket.WOULD_BLOCK);
        assertFails(Errno.ETIMEDOUT, "sendmsg", () -> left.sendFully(address, 1, null, 10));
        int received = 0;
        for (int n = right.receive(address, 1 << 16, fds); n > 0; n = right.receive(address, 1 << 16, fds)) {
            received += n;
        }
        assertThat(received).isEqualTo(sent);
        assertThat(right.awaitReadable(0)).isFalse();
        assertThat(right.awaitReadable(10)).isFalse();
    }

    @Test
    void sendsFullyWhileThePeerReads() throws Exception {
        final int length = 1 << 16;
        final int rounds = 40;
        final Thread reader = new Thread(() -> {
            try (Mapping target = Memory.allocate(length)) {
                final FdList none = new FdList(1);
                int left = length * rounds;
                while (left > 0 && right.awaitReadable(10_000)) {
                    left -= Math.max(0, right.receive(target.address(), length, none));
                }
            } catch (final ErrnoException e) {
                throw new IllegalStateException(e);
            }
        });
        reader.start();
        for (int i = 0; i < rounds; i++) {
            left.sendFully(address, length, null, 10_000);
        }
        reader.join();
        assertThat(right.receive(address, 1, fds)).isEqualTo(UnixSocket.WOULD_BLOCK);
    }

    @Test
    void tellsOfAPeerThatHasGone() throws Exception {
        right.shutdown();
        assertThat(left.awaitReadable(10_000)).isTrue();
        assertThat(left.receive(address, 1, fds)).isZero();
        assertFails(Errno.EPIPE, "sendmsg", () -> left.send(address, 1, null));
    }

    @Test
    void tellsOfAPeerThatLeftWithoutReading() throws Exception {
        left.send(address, 1, null);
        right.close();
        assertFails(Errno.ECONNRESET, "recvmsg", () -> left.receive(address, 1, fds));
    }

    @Test
    void doesNotSendWhatIsNotOpen() {
        fds.add(1 << 20);
        assertFails(Errno.EBADF, "sendmsg", () -> left.send(address, 1, fds));
        fds.clear();
    }

    @Test
    void takesOverAnInheritedSocket() throws Exception {
        final int inherited;
        try (UnixSocket original = UnixSocket.listen(path, 0600, 4)) {
            inherited = Fd.duplicate(original.fd());
        }
        assertThat(Libc.fcntl(inherited, 2, 0)).as("as after an exec").isZero();
        try (UnixSocket listening = UnixSocket.ofInherited(inherited)) {
            assertThat(listening.isListening()).isTrue();
            assertThat(Fd.descriptorFlags(inherited)).isEqualTo(Fd.FD_CLOEXEC);
            assertThat(listening.accept()).isNull();
            try (UnixSocket client = UnixSocket.connect(path);
                    UnixSocket server = listening.accept()) {
                assertThat(client.send(address, 1, null)).isEqualTo(1);
                assertThat(server.receive(address, 1, fds)).isEqualTo(1);
            }
        }
    }

    @Test
    void refusesToTakeOverWhatIsNoUnixSocket() throws Exception {
        try (EventFd event = EventFd.create()) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> UnixSocket.ofInherited(event.fd()))
                    .withMessageContaining("no Unix stream socket");
            assertThat(Fd.isOpen(event.fd())).isTrue();
        }
        final int datagram = SocketCalls.socket(1, 2, 0);
        final int inet = SocketCalls.socket(2, 1, 0);
        try {
            assertThatIllegalArgumentException().isThrownBy(() -> UnixSocket.ofInherited(datagram));
            assertThatIllegalArgumentException().isThrownBy(() -> UnixSocket.ofInherited(inet));
        } finally {
            Fd.close(datagram);
            Fd.close(inet);
        }
        assertFails(Errno.EBADF, "fstat", () -> UnixSocket.ofInherited(1 << 20));
    }

    @Test
    void doesNothingOnceClosed() {
        left.close();
        left.close();
        assertThat(left.fd()).isEqualTo(-1);
        left.shutdown();
        assertFails(Errno.EBADF, "recvmsg", () -> left.receive(address, 1, fds));
        assertFails(Errno.EBADF, "sendmsg", () -> left.send(address, 1, null));
        assertFails(Errno.EBADF, "accept", () -> left.accept());
    }

    @Test
    void aListHasALimitedCapacity() {
        assertThatIllegalArgumentException().isThrownBy(() -> new FdList(0));
        assertThatIllegalArgumentException().isThrownBy(() -> new FdList(FdList.MAX_CAPACITY + 1));
        final FdList one = new FdList(1);
        one.add(-1);
        assertThatIllegalStateException().isThrownBy(() -> one.add(-1));
        assertThat(one.capacity()).isEqualTo(1);
        assertThat(one).hasToString("[-1]");
    }
}

package io.varve.launcher.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.varve.launcher.UserException;
import io.varve.linux.Fd;
import io.varve.linux.LinuxFile;
import io.varve.linux.UnixSocket;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class ListeningSocketTest {
    @TempDir
    private Path directory;

    @Test
    void listensForItsOwnerOnlyAndTakesItsFileAlong() throws IOException {
        final Path path = directory.resolve("socket");
        try (ListeningSocket socket = ListeningSocket.listen(path, SocketAccess.OWNER_ONLY)) {
            assertThat(socket.path()).isEqualTo(path);
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
                    .isEqualTo("rw-------");
            UnixSocket.connect(path).close();
        }
        assertThat(path).doesNotExist();
    }

    @Test
    void takesModeAndGroup() throws IOException {
        final Path path = directory.resolve("socket");
        final String group = Files.readAttributes(directory, PosixFileAttributes.class)
                .group()
                .getName();
        try (ListeningSocket socket = ListeningSocket.listen(path, new SocketAccess(0660, group))) {
            assertThat(socket.path()).isEqualTo(path);
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
                    .isEqualTo("rw-rw----");
            assertThat(Files.readAttributes(path, PosixFileAttributes.class)
                            .group()
                            .getName())
                    .isEqualTo(group);
        }
        assertThatThrownBy(() -> ListeningSocket.listen(path, new SocketAccess(0660, "nobody-has-this")))
                .isInstanceOf(UserException.class)
                .hasMessage("cannot listen at " + path + ": there is no group 'nobody-has-this'");
        assertThat(path).doesNotExist();
    }

    @Test
    void givesTheSocketToAGroupThatIsNotTheProcesssOwn() throws IOException {
        assumeThat(System.getProperty("user.name")).isEqualTo("root");
        final Path path = directory.resolve("socket");
        final ListeningSocket socket = ListeningSocket.listen(path, new SocketAccess(0660, "daemon"));
        assertThat(Files.readAttributes(path, PosixFileAttributes.class).group().getName())
                .isEqualTo("daemon");
        socket.close();
    }

    @Test
    void replacesASocketThatNobodyListensAt() throws IOException {
        final Path path = directory.resolve("socket");
        UnixSocket.listen(path, 0600, 1).close();
        assertThat(path).exists();
        try (ListeningSocket socket = ListeningSocket.listen(path, SocketAccess.OWNER_ONLY)) {
            UnixSocket.connect(socket.path()).close();
        }
    }

    @Test
    void ofTwoThatFindTheSocketOfOneWhoWasKilledOneListensThere() throws Exception {
        final Path path = directory.resolve("socket");
        for (int i = 0; i < 50; i++) {
            UnixSocket.listen(path, 0600, 1).close();
            final Callable<ListeningSocket> daemon = () -> {
                try {
                    return ListeningSocket.listen(path, SocketAccess.OWNER_ONLY);
                } catch (final UserException e) {
                    assertThat(e).hasMessageContaining("taken");
                    return null;
                }
            };
            final List<ListeningSocket> sockets = new ArrayList<>();
            try (ExecutorService threads = Executors.newFixedThreadPool(3)) {
                for (final Future<ListeningSocket> future : threads.invokeAll(List.of(daemon, daemon, daemon))) {
                    sockets.add(future.get());
                }
            }
            assertThat(sockets).filteredOn(socket -> socket != null).hasSize(1);
            sockets.removeIf(socket -> socket == null);
            UnixSocket.connect(path).close();
            sockets.getFirst().close();
            assertThat(path).doesNotExist();
        }
    }

    @Test
    void leavesASocketThatSomebodyListensAtAlone() throws IOException {
        final Path path = directory.resolve("socket");
        try (ListeningSocket first = ListeningSocket.listen(path, SocketAccess.OWNER_ONLY)) {
            assertThatThrownBy(() -> ListeningSocket.listen(path, SocketAccess.OWNER_ONLY))
                    .isInstanceOf(UserException.class)
                    .hasMessage("socket path " + path + " is taken: another process listens there");
            UnixSocket.connect(first.path()).close();
        }
    }

    @Test
    @Timeout(30)
    void leavesASocketThatSomebodyListensAtAndDoesNotAcceptAlone() throws IOException {
        final Path path = directory.resolve("socket");
        try (UnixSocket first = UnixSocket.listen(path, 0600, 0);
                UnixSocket waiting = UnixSocket.connect(path)) {
            assertThat(waiting.fd()).isNotEqualTo(first.fd());
            assertThatThrownBy(() -> ListeningSocket.listen(path, SocketAccess.OWNER_ONLY))
                    .isInstanceOf(UserException.class)
                    .hasMessage("socket path " + path + " is taken: another process listens there");
        }
    }

    @Test
    void saysThatTheDirectoryIsLocked() throws IOException {
        final Path path = directory.resolve("socket");
        try (LinuxFile locked = LinuxFile.lockDirectory(directory, 0)) {
            assertThat(locked.fd()).isPositive();
            assertThatThrownBy(() -> ListeningSocket.listen(path, SocketAccess.OWNER_ONLY, 1))
                    .isInstanceOf(UserException.class)
                    .hasMessage("cannot listen at " + path + ": another process keeps directory " + directory
                            + " locked: try again");
        }
        ListeningSocket.listen(path, SocketAccess.OWNER_ONLY).close();
    }

    @Test
    void leavesWhatIsNoSocketAlone() throws IOException {
        final Path file = Files.writeString(directory.resolve("file"), "precious");
        final Path link = Files.createSymbolicLink(directory.resolve("link"), file);
        for (final Path path : new Path[] {file, link, directory}) {
            assertThatThrownBy(() -> ListeningSocket.listen(path, SocketAccess.OWNER_ONLY))
                    .isInstanceOf(UserException.class)
                    .hasMessage("socket path " + path + " is taken by something that is not a socket");
        }
        assertThat(file).hasContent("precious");
    }

    @Test
    void doesNotRemoveAFileThatHasTakenItsPlace() throws IOException {
        final Path path = directory.resolve("socket");
        final ListeningSocket socket = ListeningSocket.listen(path, SocketAccess.OWNER_ONLY);
        Files.move(path, directory.resolve("moved"));
        Files.createFile(path);
        socket.close();
        assertThat(path).exists();
    }

    @Test
    void refusesAPathThatIsTooLong() {
        final Path longest = directory.resolve(
                "s".repeat(UnixSocket.MAX_PATH_BYTES - directory.toString().length() - 1));
        ListeningSocket.listen(longest, SocketAccess.OWNER_ONLY).close();
        final Path longer = Path.of(longest + "s");
        assertThatThrownBy(() -> ListeningSocket.listen(longer, SocketAccess.OWNER_ONLY))
                .isInstanceOf(UserException.class)
                .hasMessage("socket path of 108 bytes is too long, a Unix socket takes at most 107: " + longer);
    }

    @Test
    void countsBytesAndNotCharacters() {
        final Path path = directory.resolve("ü".repeat(60));
        assertThatThrownBy(() -> ListeningSocket.listen(path, SocketAccess.OWNER_ONLY))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("is too long");
    }

    @Test
    void saysThatTheDirectoryIsMissing() {
        final Path path = directory.resolve("missing/socket");
        assertThatThrownBy(() -> ListeningSocket.listen(path, SocketAccess.OWNER_ONLY))
                .isInstanceOf(UserException.class)
                .hasMessage("cannot listen at " + path + ": there is no directory " + path.getParent());
    }

    @Test
    void takesAnInheritedSocketThatListens() throws IOException {
        final Path path = directory.resolve("socket");
        try (UnixSocket made = UnixSocket.listen(path, 0600, 1)) {
            try (ListeningSocket socket = ListeningSocket.inherited(Fd.duplicate(made.fd()), "--fd")) {
                assertThat(socket.path()).isNull();
                assertThat(socket.socket().isListening()).isTrue();
            }
            assertThat(path).exists();
        }
    }

    @Test
    void refusesADescriptorThatIsNotAListeningSocket() throws IOException {
        final UnixSocket[] pair = UnixSocket.pair();
        final int connected = pair[0].fd();
        assertThatThrownBy(() -> ListeningSocket.inherited(connected, "--fd"))
                .isInstanceOf(UserException.class)
                .hasMessage("--fd: fd " + connected + " is not a listening socket");
        pair[1].close();

        assertThatThrownBy(() -> ListeningSocket.inherited(9999, "--fd"))
                .isInstanceOf(UserException.class)
                .hasMessage("--fd: fd 9999 is not open: pass a listening Unix socket under that number");
        assertThatThrownBy(() -> ListeningSocket.inherited(0, "--fd")).isInstanceOf(UserException.class);
    }
}

package io.varve.lsvd.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.linux.LinuxFile;
import io.varve.lsvd.format.LogSalt;
import io.varve.lsvd.format.Superblock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Locks belong to open descriptions, so that two stores of one process stand for two processes. */
class DirectoryLogStoreTest {
    private static final LogGeometry GEOMETRY = new LogGeometry(1 << 20, LogGeometry.MIN_WINDOW);

    private final UUID volume = UUID.randomUUID();

    @TempDir
    Path directory;

    private Path logs;
    private Path file;
    private DirectoryLogStore one;
    private DirectoryLogStore other;

    @BeforeEach
    void setUp() {
        logs = directory.resolve("cache").resolve(volume.toString());
        file = logs.resolve("log");
        one = new DirectoryLogStore(directory.resolve("cache"), volume, null);
        other = new DirectoryLogStore(directory.resolve("cache"), volume, null);
    }

    private Superblock first() {
        return new Superblock(
                0,
                volume,
                GEOMETRY.areaLength(),
                GEOMETRY.windowLength(),
                1,
                new Superblock.Tail(0, 1, 0),
                Superblock.Seen.NOTHING,
                List.of(new Superblock.EpochClaim(1, UUID.randomUUID())),
                LogSalt.NONE);
    }

    private boolean isNamed(final Path path) throws IOException {
        try (LinuxFile there = LinuxFile.open(path, LinuxFile.O_RDONLY)) {
            return there.isLockedByOther();
        }
    }

    private List<String> names() throws IOException {
        try (Stream<Path> all = Files.list(logs)) {
            return all.map(path -> path.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void twoThatHaveBothFoundNoLogDoNotBothMakeOne() throws Exception {
        assertThat(one.exists()).isFalse();
        assertThat(other.exists()).isFalse();
        try (LogDevice device = one.create(GEOMETRY, first())) {
            assertThatThrownBy(() -> other.create(GEOMETRY, first())).isInstanceOf(LogInUseException.class);
            assertThat(device.length()).isEqualTo(GEOMETRY.fileLength());
            assertThat(isNamed(file)).isTrue();
            assertThatThrownBy(other::open).isInstanceOf(LogInUseException.class);
        }
        assertThatThrownBy(() -> other.create(GEOMETRY, first()))
                .as("somebody has made one since")
                .isInstanceOf(LogInUseException.class);
        other.open().close();
        assertThat(names()).containsExactly("log");
    }

    @Test
    void whoeverHasTheLogHasItUnderItsName() throws Exception {
        final AtomicInteger nameless = new AtomicInteger();
        final Callable<Void> daemon = () -> {
            final DirectoryLogStore mine = new DirectoryLogStore(directory.resolve("cache"), volume, null);
            for (int i = 0; i < 300; i++) {
                try (LogDevice device = mine.exists() ? mine.open() : mine.create(GEOMETRY, first())) {
                    if (!isNamed(file) || device.length() != GEOMETRY.fileLength()) {
                        nameless.incrementAndGet();
                    }
                    if (i % 3 == 0) {
                        mine.delete();
                    } else if (i % 3 == 1) {
                        Files.delete(Path.of(mine.setAside(i)));
                    }
                } catch (final LogInUseException e) {
                    Thread.onSpinWait();
                } catch (final IOException e) {
                    assertThat(e).hasMessageContaining("ENOENT");
                }
            }
            return null;
        };
        try (ExecutorService threads = Executors.newFixedThreadPool(3)) {
            for (final Future<Void> future : threads.invokeAll(List.of(daemon, daemon, daemon))) {
                future.get();
            }
        }
        assertThat(nameless).hasValue(0);
    }

    @Test
    void whatAKilledProcessHasLeftHalfMadeIsMadeAnew() throws Exception {
        Files.createDirectories(logs);
        Files.write(logs.resolve("log.new"), new byte[3 << 20]);
        one.create(GEOMETRY, first()).close();
        assertThat(names()).containsExactly("log");
        assertThat(Files.size(file)).isEqualTo(GEOMETRY.fileLength());
        try (LogDevice device = one.open()) {
            assertThat(LogSuperblock.read(device).current().volume()).isEqualTo(volume);
        }
    }

    @Test
    void oneThatIsBeingMadeElsewhereIsLeftAlone() throws Exception {
        Files.createDirectories(logs);
        try (LinuxFile draft =
                LinuxFile.openLocked(logs.resolve("log.new"), LinuxFile.O_RDWR | LinuxFile.O_CREAT, 0600)) {
            assertThatThrownBy(() -> one.create(GEOMETRY, first())).isInstanceOf(LogInUseException.class);
            assertThat(draft.isAt(logs.resolve("log.new"))).isTrue();
        }
    }

    @Test
    void aLogThatDoesNotFitLeavesNothingBehind() throws Exception {
        final LogGeometry tooLarge = new LogGeometry(1L << 50, LogGeometry.MAX_WINDOW);
        assertThatThrownBy(() -> one.create(tooLarge, first())).isInstanceOf(IOException.class);
        assertThat(names()).isEmpty();
        one.create(GEOMETRY, first()).close();
    }

    @Test
    void allOfAVolumeIsDeletedUnlessSomeOfItIsInUse() throws Exception {
        one.create(GEOMETRY, first()).close();
        try (LogDevice device = one.open()) {
            one.setAside(1);
            assertThat(device.length()).isPositive();
        }
        one.create(GEOMETRY, first()).close();
        try (LogDevice device = one.open()) {
            assertThat(one.isInUse()).isTrue();
            assertThatThrownBy(other::deleteAll).isInstanceOf(LogInUseException.class);
            assertThat(names()).containsExactly("log", "log.superseded-1");
            assertThat(device.length()).isPositive();
        }
        assertThat(one.isInUse()).isFalse();
        other.deleteAll();
        assertThat(logs).doesNotExist();
    }

    @Test
    void nobodyElseMayReadThem() throws Exception {
        one.create(GEOMETRY, first()).close();
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(logs)))
                .isEqualTo("rwx------");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(logs.getParent())))
                .isEqualTo("rwx------");
    }
}

package io.varve.testsupport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.varve.block.CloseReason;
import io.varve.linux.FdStat;
import io.varve.linux.LinuxFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which files a front-end may hand over as memory: none whose pages another program or another host would have to bring. */
@Timeout(60)
class SharedFileTest {
    private static final long ADDRESS = 1L << 40;
    private static final int SIZE = 4096;
    private static final int SET_LOG_BASE = 6;
    private static final int SET_INFLIGHT_FD = 32;
    private static final int ADD_MEM_REG = 37;

    @TempDir
    private Path directory;

    private ServedDisk disk;

    @BeforeEach
    void serve() throws IOException {
        disk = new ServedDisk(directory);
    }

    @AfterEach
    void stopServing() {
        disk.close();
    }

    private static ByteBuffer region() {
        return FrontEndChannel.payload(40)
                .putLong(0)
                .putLong(ADDRESS)
                .putLong(SIZE)
                .putLong(ADDRESS)
                .putLong(0)
                .flip();
    }

    private static ByteBuffer payload(final int request, final FrontEnd frontEnd) {
        return switch (request) {
            case SET_LOG_BASE ->
                FrontEndChannel.payload(16).putLong(SIZE).putLong(0).flip();
            case SET_INFLIGHT_FD -> frontEnd.inflight(1 << 20, 0);
            default -> region();
        };
    }

    /** A file of sysfs stands for all others: each is a regular file, and says that it has 4096 bytes. */
    @ParameterizedTest
    @CsvSource({SET_LOG_BASE + "", SET_INFLIGHT_FD + "", ADD_MEM_REG + ""})
    void noneOfAnUnknownFileSystem(final int request) throws IOException {
        try (FrontEnd frontEnd = new FrontEnd(disk.socketPath, FrontEndOptions.DEFAULT);
                LinuxFile file = LinuxFile.open(Path.of("/sys/kernel/uevent_seqnum"), LinuxFile.O_RDONLY)) {
            frontEnd.connect();
            frontEnd.channel().send(request, payload(request, frontEnd), file.fd());
            disk.awaitClosed(CloseReason.PROTOCOL_ERROR);
        }
        assertThat(disk.log.lines().getFirst())
                .endsWith(" is neither a memfd nor a file on tmpfs, hugetlbfs, ext4, XFS or Btrfs");
    }

    @Test
    void thoseOfALocalDisk() throws IOException {
        final Path path = Files.createFile(directory.resolve("memory"));
        try (LinuxFile file = LinuxFile.open(path, LinuxFile.O_RDWR)) {
            assumeTrue(FdStat.isOnLocalFileSystem(file.fd()), "temporary files are elsewhere");
            file.ftruncate(SIZE);
            try (FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT)) {
                assertThat(frontEnd.channel().acknowledged(ADD_MEM_REG, region(), file.fd()))
                        .isZero();
                assertThat(frontEnd.run(BlkRequest.read(0, 512)).status()).isEqualTo(BlkRequest.OK);
            }
        }
        assertThat(disk.log.lines()).isEmpty();
    }
}

package io.varve.testvms.powercut;

import static io.varve.testvms.powercut.LogBytes.SECTOR;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WriteLogTest {
    @TempDir
    private Path directory;

    private final LogBytes bytes = new LogBytes();

    @Test
    void readsWritesFlushesAndDiscards() throws IOException {
        bytes.write(7, 2, 1, 0).flush().entry(3, 5, LogBytes.DISCARD).write(9, 1, 2, LogBytes.DURABLE);

        try (WriteLog log = WriteLog.open(bytes.writeTo(file(), 0))) {
            assertThat(log.entries())
                    .containsExactly(
                            new WriteLog.Entry(7 * SECTOR, 2 * SECTOR, 2 * SECTOR, false, false, false),
                            new WriteLog.Entry(0, 0, 5 * SECTOR, true, false, false),
                            new WriteLog.Entry(3 * SECTOR, 5 * SECTOR, 6 * SECTOR, false, false, true),
                            new WriteLog.Entry(9 * SECTOR, SECTOR, 7 * SECTOR, false, true, false));
        }
    }

    @Test
    void doesWritesAgainInWholeAndInPart() throws IOException {
        bytes.write(1, 2, 1, 0).write(4, 2, 2, 0).entry(0, 8, LogBytes.DISCARD);
        final Path disk = Files.write(directory.resolve("disk"), new byte[8 * SECTOR]);

        try (WriteLog log = WriteLog.open(bytes.writeTo(file(), 0));
                FileChannel channel = FileChannel.open(disk, StandardOpenOption.WRITE)) {
            log.replay(log.entries().get(0), 0, 2 * SECTOR, channel);
            log.replay(log.entries().get(1), SECTOR, SECTOR, channel);
            log.replay(log.entries().get(2), 0, 8 * SECTOR, channel);
        }

        final byte[] expected = new byte[8 * SECTOR];
        Arrays.fill(expected, SECTOR, 3 * SECTOR, (byte) 1);
        Arrays.fill(expected, 5 * SECTOR, 6 * SECTOR, (byte) 2);
        assertThat(Files.readAllBytes(disk)).isEqualTo(expected);
    }

    @Test
    void refusesWhatIsNoLogOrEndsTooEarly() throws IOException {
        Files.write(file(), new byte[SECTOR]);
        assertThatThrownBy(() -> WriteLog.open(file())).hasMessageContaining("is no log of writes");
        bytes.write(0, 1, 1, 0).flush().writeTo(file(), SECTOR);
        assertThatThrownBy(() -> WriteLog.open(file())).hasMessageContaining("ends too early");
    }

    private Path file() {
        return directory.resolve("log");
    }
}

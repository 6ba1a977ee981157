package io.varve.hostdisks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DiskContentsTest {
    private static final long SIZE = 384L << 20;

    @TempDir
    private Path directory;

    private Path disk;

    @BeforeEach
    void makeDisk() throws IOException {
        disk = directory.resolve("disk");
        try (RandomAccessFile file = new RandomAccessFile(disk.toFile(), "rw")) {
            file.setLength(SIZE);
        }
    }

    private String contents() throws IOException {
        return DiskContents.find(disk, SIZE);
    }

    private void write(final long offset, final byte... bytes) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(disk.toFile(), "rw")) {
            file.seek(offset);
            file.write(bytes);
        }
    }

    @Test
    void aDiskOfZerosIsBlank() throws IOException {
        assertThat(contents()).isNull();
        assertThat(DiskContents.find(disk, 512)).isNull();
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 511, 4096, DiskContents.LOOKED_AT - 1, SIZE - DiskContents.LOOKED_AT, SIZE - 1})
    void oneByteAtEitherEndIsData(final long offset) throws IOException {
        write(offset, (byte) 1);
        assertThat(contents()).isEqualTo(DiskContents.UNKNOWN);
    }

    @ParameterizedTest
    @CsvSource({"ext4, ext4", "ext2, ext4", "xfs, xfs", "btrfs, btrfs", "vfat, vfat"})
    void knowsWhatProgramsMake(final String type, final String found) throws Exception {
        final String program = "mkfs." + type;
        assumeTrue(
                Stream.of("/usr/sbin", "/sbin").anyMatch(bin -> Files.isExecutable(Path.of(bin, program))),
                "no " + program + " here");
        Programs.run(List.of(program, disk.toString()));
        assertThat(contents()).isEqualTo(found);
    }

    @Test
    void knowsPartitionTables() throws IOException {
        write(510, (byte) 0x55, (byte) 0xaa);
        assertThat(contents()).isEqualTo("partitions");
    }

    @Test
    void knowsEncryptedDisks() throws IOException {
        write(0, (byte) 'L', (byte) 'U', (byte) 'K', (byte) 'S', (byte) 0xba, (byte) 0xbe);
        assertThat(contents()).isEqualTo("an encrypted disk (LUKS)");
    }
}

package io.varve.hostdisks;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DiskTableTest {
    private static final HostDisk DATA =
            new HostDisk(3, "data", "some-uuid", "unix:/run/x.sock", "", false, "/run/varve/control.sock");
    private static final HostDisk MONDAY =
            new HostDisk(12, "über=#data@monday", "uuid@monday", "[::1]:10809", "data@monday", true, "");

    @TempDir
    private Path directory;

    private DiskTable table() {
        return new DiskTable(directory.resolve("table"));
    }

    @Test
    void isEmptyBeforeAnythingIsMapped() throws IOException {
        assertThat(table().disks()).isEmpty();
        assertThat(table().read(0)).isEmpty();
        assertThat(table().trouble(0)).isNull();
    }

    @Test
    void findsAgainWhatWasWritten() throws IOException {
        try (Closeable _ = table().lock()) {
            table().write(MONDAY);
            table().write(DATA);
        }
        assertThat(table().disks()).containsExactly(DATA, MONDAY);
        assertThat(table().find("data")).contains(DATA);
        assertThat(table().find("/dev/nbd12")).contains(MONDAY);
        assertThat(table().find("nbd12")).isEmpty();
        table().remove(3);
        assertThat(table().disks()).containsExactly(MONDAY);
    }

    @Test
    void troubleEndsWithTheDiskThatHadIt() throws IOException {
        try (Closeable _ = table().lock()) {
            table().write(DATA);
        }
        table().setTrouble(3, "nobody is there");
        assertThat(table().trouble(3)).isEqualTo("nobody is there");
        table().setTrouble(3, null);
        assertThat(table().trouble(3)).isNull();
        table().setTrouble(3, "nobody is there");
        table().remove(3);
        assertThat(table().trouble(3)).isNull();
        table().setTrouble(3, "too late");
        table().write(DATA);
        assertThat(table().trouble(3)).isNull();
    }

    @Test
    void otherFilesAreNoDisks() throws IOException {
        try (Closeable _ = table().lock()) {
            for (final String name :
                    new String[] {"nbd.disk", "nbdx.disk", "nbd1.new", "nbd99999999.disk", "sda.disk"}) {
                Files.writeString(directory.resolve("table").resolve(name), "volume=x\n");
            }
        }
        assertThat(table().disks()).isEmpty();
    }
}

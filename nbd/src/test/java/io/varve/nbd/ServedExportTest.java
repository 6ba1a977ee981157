package io.varve.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.testsupport.MemoryBlockDevice;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** What tests of an export have in common: a disk in memory, served at a socket; nothing of the sessions is left in the end. */
abstract class ServedExportTest {
    @TempDir
    Path directory;

    Path socket;
    MemoryBlockDevice device;
    ServedExport export;

    private final int size;
    private final boolean isShared;

    ServedExportTest(final int size, final boolean isShared) {
        this.size = size;
        this.isShared = isShared;
    }

    @BeforeEach
    void serve() throws IOException {
        socket = directory.resolve("s");
        device = new MemoryBlockDevice(size);
        export = isShared ? ServedExport.shared(socket, device) : ServedExport.at(socket, device);
    }

    @AfterEach
    void end() {
        export.close();
        assertThat(export.sessions()).isZero();
        assertThat(export.server().taken()).as("memory").isZero();
        device.close();
    }
}

package io.varve.testsupport;

import static io.varve.testsupport.FrontEndChannel.payload;
import static io.varve.testsupport.FrontEndChannel.u64;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.varve.linux.LinuxFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Front-ends that hand over files of a file system that never answers: to look at one, or to close it, takes for ever. */
@Timeout(60)
class HangingFileTest {
    @TempDir
    private Path directory;

    private ServedDisk disk;
    private HangingFileSystem hanging;
    private final List<LinuxFile> files = new ArrayList<>();

    @BeforeEach
    void mount() throws IOException {
        hanging = HangingFileSystem.mount(Files.createDirectory(directory.resolve("fuse")));
        assumeTrue(hanging != null, "no file system can be mounted here");
        disk = new ServedDisk(directory, Duration.ofMillis(200));
    }

    @AfterEach
    void unmount() throws IOException {
        if (hanging != null) {
            hanging.close();
            files.forEach(LinuxFile::close);
            disk.close();
        }
    }

    private static ByteBuffer contents(final int request, final FrontEnd frontEnd) {
        return switch (request) {
            case 5, 37 ->
                payload(40)
                        .putLong(request == 5 ? 1 : 0)
                        .putLong(1L << 40)
                        .putLong(4096)
                        .putLong(1L << 40)
                        .putLong(0)
                        .flip();
            case 6 -> payload(16).putLong(4096).putLong(0).flip();
            case 32 -> frontEnd.inflight(1 << 20, 0);
            case 12, 13, 14 -> u64(0);
            default -> payload(0);
        };
    }

    /** Whatever message it comes with, the session ends and the next one is served; nothing is closed yet. */
    @Test
    void holdsNobodyUp() throws IOException {
        for (final int request : new int[] {1, 5, 6, 7, 12, 13, 14, 21, 32, 37}) {
            try (FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT);
                    FrontEndChannel bystander = FrontEndChannel.connect(disk.socketPath)) {
                send(frontEnd, request);
                frontEnd.channel().awaitEnd();
                // The next in the backlog.
                bystander.send(1, payload(0));
                assertThat(bystander.reply(1).getLong()).isNotZero();
            }
        }
        assertThat(disk.reactor.server().hasClosedAll()).isFalse();
    }

    private void send(final FrontEnd frontEnd, final int request) throws IOException {
        frontEnd.channel().send(request, contents(request, frontEnd), open().fd());
    }

    /** Where the file is closed the test would wait, too: it stays open until the file system ends. */
    private LinuxFile open() throws IOException {
        files.add(hanging.open());
        return files.getLast();
    }

    /** Descriptors that can't be closed are not taken without end; and when they can be after all, front-ends are accepted again. */
    @Test
    void takesNoMoreThanSome() throws IOException {
        final LinuxFile file = open();
        int refused = 0;
        for (int i = 0; i < 300 && refused == 0; i++) {
            try (FrontEndChannel channel = FrontEndChannel.connect(disk.socketPath)) {
                channel.send(1, payload(0), file.fd());
                if (!channel.awaitReadable(i < 100 ? 20_000 : 2_000)) {
                    refused = i;
                }
            }
        }
        assertThat(refused).isBetween(100, 260);
        hanging.close();
        try (FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT)) {
            assertThat(frontEnd.run(BlkRequest.read(0, 512)).status()).isEqualTo(BlkRequest.OK);
        }
    }
}

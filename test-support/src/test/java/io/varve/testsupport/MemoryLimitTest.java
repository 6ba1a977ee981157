package io.varve.testsupport;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.block.CloseReason;
import io.varve.linux.MemFd;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Front-ends that share sparse files, each no more than it may, until there is no address space left for anything else. */
@Timeout(60)
class MemoryLimitTest {
    private static final int ADD_MEM_REG = 37;
    private static final long REGION_BYTES = 8L << 40;

    /** As many as may share all that they may, in one process. */
    private static final int SESSIONS = 4;

    @TempDir
    private Path directory;

    private final List<ServedDisk> disks = new ArrayList<>();
    private final List<FrontEnd> frontEnds = new ArrayList<>();

    @AfterEach
    void close() {
        frontEnds.forEach(FrontEnd::close);
        disks.forEach(ServedDisk::close);
    }

    private FrontEnd start() throws IOException {
        disks.add(new ServedDisk(Files.createDirectory(directory.resolve("disk" + disks.size()))));
        frontEnds.add(FrontEnd.started(disks.getLast().socketPath, FrontEndOptions.DEFAULT));
        return frontEnds.getLast();
    }

    private static ByteBuffer region(final long address, final long size) {
        return FrontEndChannel.payload(40)
                .putLong(0)
                .putLong(address)
                .putLong(size)
                .putLong(address)
                .putLong(0)
                .flip();
    }

    @Test
    void theSessionThatIsTooMuchEndsAndTheOthersGoOn() throws IOException {
        try (MemFd file = MemFd.create("sparse", REGION_BYTES)) {
            // The memory of a session counts, so that the second region has to be a little smaller.
            final long second = REGION_BYTES - (1L << 30);
            for (int i = 0; i < SESSIONS; i++) {
                final FrontEnd frontEnd = start();
                assertThat(frontEnd.channel().acknowledged(ADD_MEM_REG, region(1L << 44, REGION_BYTES), file.fd()))
                        .isZero();
                assertThat(frontEnd.channel().acknowledged(ADD_MEM_REG, region(1L << 45, second), file.fd()))
                        .isZero();
            }
            final FrontEnd last = start();
            last.channel().send(ADD_MEM_REG, region(1L << 44, REGION_BYTES), file.fd());
            last.channel().awaitEnd();
            disks.getLast().awaitClosed(CloseReason.PROTOCOL_ERROR);

            for (int i = 0; i < SESSIONS; i++) {
                assertThat(frontEnds.get(i).run(BlkRequest.read(0, 512)).status())
                        .isEqualTo(BlkRequest.OK);
            }
            // What one gives back another may have.
            frontEnds.getFirst().disconnect();
            disks.getFirst().awaitClosed(CloseReason.DISCONNECTED);
            last.reconnect();
            assertThat(last.channel().acknowledged(ADD_MEM_REG, region(1L << 44, REGION_BYTES), file.fd()))
                    .isZero();
        }
    }
}

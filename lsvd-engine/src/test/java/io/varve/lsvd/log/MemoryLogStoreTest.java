package io.varve.lsvd.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.linux.IoRing;
import io.varve.linux.IoRings;
import io.varve.lsvd.format.LogSalt;
import io.varve.lsvd.format.Superblock;
import java.io.IOException;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class MemoryLogStoreTest {
    private static final LogGeometry GEOMETRY = LogGeometry.ofSize(32 << 20);

    @Test
    void aLogIsMadeLockedFoundAgainAndDeleted() throws IOException {
        final Superblock first = new Superblock(
                0,
                UUID.randomUUID(),
                GEOMETRY.areaLength(),
                GEOMETRY.windowLength(),
                1,
                new Superblock.Tail(0, 1, 0),
                Superblock.Seen.NOTHING,
                List.of(new Superblock.EpochClaim(1, UUID.randomUUID())),
                LogSalt.NONE);
        try (IoRing ring = IoRings.open(8);
                MemoryLogStore logs = new MemoryLogStore(ring)) {
            assertThat(logs.exists()).isFalse();
            final LogDevice device = logs.create(GEOMETRY, first);
            assertThat(device.length()).isEqualTo(GEOMETRY.fileLength());
            assertThatThrownBy(logs::open).isInstanceOf(LogInUseException.class);
            device.close();
            try (LogDevice again = logs.open()) {
                assertThat(LogSuperblock.read(again).current().volume()).isEqualTo(first.volume());
            }
            logs.delete();
            assertThat(logs.exists()).isFalse();
        }
    }
}

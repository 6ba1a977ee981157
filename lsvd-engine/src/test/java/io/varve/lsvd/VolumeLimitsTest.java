package io.varve.lsvd;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.lsvd.format.Superblock;
import io.varve.lsvd.gc.GcPolicy;
import io.varve.lsvd.log.DirectoryLogStore;
import io.varve.lsvd.log.LogDevice;
import io.varve.lsvd.log.LogSuperblock;
import io.varve.lsvd.store.DirectoryStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.UUID;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A log that has been written for years: its positions only grow. */
class VolumeLimitsTest {
    private static final int PIECE = 1 << 20;
    private static final int PIECES = 8;
    private static final int ROUNDS = 12;

    @TempDir
    Path directory;

    /** About the powers of two where numbers of bytes or blocks of some width would end; the log goes round three times. */
    @ParameterizedTest
    @ValueSource(ints = {31, 32, 43, 44, 51, 52, 60, 62})
    void aLogGoesOnBehindAnyPosition(final int power) throws Exception {
        final Path cache = directory.resolve("cache");
        try (DirectoryStore store = DirectoryStore.open(directory.resolve("store"), true)) {
            final UUID volume =
                    new VolumeCatalog(store).create("disk", 64 << 20).uuid();
            new VolumeRig(store, cache).close();
            final long areaLength = moveTail(cache, volume, power);
            final byte[] piece = new byte[PIECE];
            int written = 0;
            for (int life = 0; life < 2; life++) {
                try (VolumeRig rig = new VolumeRig(
                        VolumeRig.context(store, cache).gcPolicy(new GcPolicy(GcPolicy.MIN_SPACE, 0.05, 0)))) {
                    for (int round = 0; round < ROUNDS / 2; round++) {
                        for (int i = 0; i < PIECES; i++) {
                            Arrays.fill(piece, (byte) ++written);
                            rig.write((long) i * PIECE, piece);
                        }
                        rig.flush();
                    }
                    for (int i = 0; i < PIECES; i++) {
                        Arrays.fill(piece, (byte) (written - PIECES + 1 + i));
                        assertThat(rig.read((long) i * PIECE, PIECE)).isEqualTo(piece);
                    }
                    assertThat(rig.volume.failure()).isNull();
                }
            }
            assertThat(tail(cache, volume).position()).isGreaterThan((1L << power) + areaLength);
        }
    }

    /** Puts the tail of a log that holds nothing a lap before a position; returns the length of a lap. */
    private static long moveTail(final Path cache, final UUID volume, final int power) throws IOException {
        try (LogDevice device = new DirectoryLogStore(cache, volume, null).open()) {
            final LogSuperblock superblock = LogSuperblock.read(device);
            final Superblock now = superblock.current();
            final Superblock.Tail tail = now.tail();
            final long position = Math.max(tail.position(), (1L << power) - now.areaLength());
            superblock.write(now.with(new Superblock.Tail(position, tail.sequence(), tail.previousCrc()), now.seen()));
            return now.areaLength();
        }
    }

    private static Superblock.Tail tail(final Path cache, final UUID volume) throws IOException {
        try (LogDevice device = new DirectoryLogStore(cache, volume, null).open()) {
            return LogSuperblock.read(device).current().tail();
        }
    }
}

package io.varve.lsvd;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.lsvd.crypto.DataKey;
import io.varve.lsvd.crypto.SectorKey;
import io.varve.lsvd.format.Superblock;
import io.varve.lsvd.log.DirectoryLogStore;
import io.varve.lsvd.log.EncryptedLogDevice;
import io.varve.lsvd.log.LogDevice;
import io.varve.lsvd.log.LogGeometry;
import io.varve.lsvd.log.LogStore;
import io.varve.lsvd.store.DirectoryStore;
import io.varve.lsvd.store.ObjectStore;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A volume whose local log is encrypted. */
@Timeout(120)
class EncryptedLogVolumeTest {
    private static final int LENGTH = 1 << 20;

    @TempDir
    private Path directory;

    @Test
    void aLogIsReplayedByItsKeyAndIsNoPlainText() throws Exception {
        final byte[] data = new byte[LENGTH];
        for (int i = 0; i < LENGTH; i++) {
            data[i] = (byte) "a stamp that can be read".charAt((i + i / 4096) % 24);
        }
        try (DataKey key = DataKey.random();
                ObjectStore store = DirectoryStore.open(directory.resolve("store"), true)) {
            final UUID volume =
                    new VolumeCatalog(store).create("disk", 16L << 20).uuid();
            final VolumeRig first = rig(store, volume, key);
            for (int i = 0; i < 12; i++) {
                first.write((long) i * LENGTH, data);
                first.write(
                        12L * LENGTH + i * 4096L,
                        "one block".repeat(456).substring(0, 4096).getBytes(StandardCharsets.US_ASCII));
            }
            first.flush();
            assertThat(first.read(3L * LENGTH, LENGTH)).isEqualTo(data);
            first.crash();
            final Path log =
                    directory.resolve("cache").resolve(volume.toString()).resolve("log");
            final String file = Files.readString(log, StandardCharsets.ISO_8859_1);
            assertThat(file.contains("stamp")).isFalse();
            assertThat(file.contains("one block")).isFalse();
            // The magic of a record.
            assertThat(file.contains("VRVR")).isFalse();
            try (VolumeRig rig = rig(store, volume, key)) {
                for (int i = 0; i < 12; i++) {
                    assertThat(rig.read((long) i * LENGTH, LENGTH)).isEqualTo(data);
                }
            }
        }
    }

    private VolumeRig rig(final ObjectStore store, final UUID volume, final DataKey key)
            throws IOException, VolumeException {
        final Path cache = directory.resolve("cache");
        return new VolumeRig(ring -> VolumeRig.context(store, cache)
                .destageDelayNs(TimeUnit.HOURS.toNanos(1))
                .logs(new EncryptedLogs(new DirectoryLogStore(cache, volume, ring), volume, key), null));
    }

    /** Logs that are encrypted with one key and salt. */
    private record EncryptedLogs(LogStore logs, UUID volume, DataKey key) implements LogStore {
        @Override
        public boolean exists() {
            return logs.exists();
        }

        @Override
        public LogDevice open() throws IOException {
            return over(logs.open());
        }

        @Override
        public LogDevice create(final LogGeometry geometry, final Superblock first) throws IOException {
            return over(logs.create(geometry, first));
        }

        private LogDevice over(final LogDevice device) {
            return new EncryptedLogDevice(device, key.logKey(volume, new byte[SectorKey.SALT_LENGTH]));
        }

        @Override
        public String setAside(final long epoch) throws IOException {
            return logs.setAside(epoch);
        }

        @Override
        public void delete() throws IOException {
            logs.delete();
        }

        @Override
        public String name() {
            return logs.name();
        }
    }
}

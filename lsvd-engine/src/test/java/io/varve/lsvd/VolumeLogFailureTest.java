package io.varve.lsvd;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.lsvd.log.DirectoryLogStore;
import io.varve.lsvd.store.DirectoryStore;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** When the log's device fails, nothing is acknowledged until the store has it; then all goes on. */
class VolumeLogFailureTest {
    private static final long NEVER = Long.MAX_VALUE / 2;

    @TempDir
    Path directory;

    private FlakyStore store;
    private FlakyLogs logs;
    private UUID uuid;

    @BeforeEach
    void makeVolume() throws Exception {
        store = new FlakyStore(DirectoryStore.open(directory.resolve("store"), true));
        uuid = new VolumeCatalog(store).create("disk", 64 << 20).uuid();
    }

    @AfterEach
    void closeStore() {
        store.close();
    }

    @Test
    void aFailedWriteIsAcknowledgedOnceTheStoreHasIt() throws Exception {
        final VolumeRig rig = open();
        rig.write(0, filled(1));
        store.away(true);
        logs.failWrites(1);
        rig.submitWrite(1, 4096, filled(2));
        rig.submitWrite(2, 8192, filled(3));
        rig.turnFor(200);
        assertThat(rig.outstanding()).isEqualTo(2);
        rig.submitRead(3, 4096, 4096);
        rig.await(() -> rig.outstanding() == 2);
        assertThat(rig.taken(3, 4096)).isEqualTo(filled(2));
        store.away(false);
        rig.awaitAll();
        assertThat(rig.volume.failure()).isNull();
        store.away(true);
        rig.write(12288, filled(4));
        rig.flush();
        rig.crash();
        store.away(false);
        verify();
    }

    @Test
    void aFailedSyncIsNotTriedAgainButMadeGoodByTheStore() throws Exception {
        final VolumeRig rig = open();
        for (int i = 0; i < 3; i++) {
            rig.write(i * 4096L, filled(i + 1));
        }
        store.away(true);
        logs.failSyncs(1);
        rig.submitFlush();
        rig.turnFor(200);
        assertThat(rig.outstanding()).isEqualTo(1);
        rig.submitWrite(4, 12288, filled(4));
        rig.turnFor(100);
        assertThat(rig.outstanding()).isEqualTo(2);
        store.away(false);
        rig.awaitAll();
        rig.crash();
        verify();
    }

    @Test
    void aDiskThatTakesNothingAnyMoreFailsTheVolumeAndSaysSo() throws Exception {
        final VolumeRig rig = open();
        rig.write(0, filled(1));
        logs.failWrites(Integer.MAX_VALUE);
        rig.submitWrite(1, 4096, filled(2));
        rig.await(() -> rig.outstanding() == 0);
        assertThat(rig.takeFailed()).isEqualTo(1);
        assertThat(rig.volume.failure()).contains("the local log failed with errno 5");
        rig.crash();
    }

    @Test
    void givingUpOnTheStoreEndsAShutdownThatWaitsForIt() throws Exception {
        final VolumeRig rig = open();
        store.away(true);
        logs.failWrites(1);
        rig.submitWrite(1, 4096, filled(2));
        rig.turnFor(50);
        rig.volume.shutdown();
        rig.turnFor(50);
        assertThat(rig.volume.isShutDown()).isFalse();
        rig.volume.abandonStore();
        rig.await(rig.volume::isShutDown);
        assertThat(rig.takeFailed()).isEqualTo(1);
        rig.crash();
    }

    private VolumeRig open() throws Exception {
        return new VolumeRig(ring -> {
            logs = new FlakyLogs(new DirectoryLogStore(directory.resolve("cache"), uuid, ring));
            return VolumeRig.context(store, null).destageDelayNs(NEVER).logs(logs, null);
        });
    }

    private void verify() throws Exception {
        try (VolumeRig rig = open()) {
            for (int i = 0; i < 4; i++) {
                assertThat(rig.read(i * 4096L, 4096)).isEqualTo(filled(i + 1));
            }
        }
    }

    private static byte[] filled(final int value) {
        final byte[] data = new byte[4096];
        Arrays.fill(data, (byte) value);
        return data;
    }
}

package io.varve.lsvd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.lsvd.format.Superblock;
import io.varve.lsvd.log.DirectoryLogStore;
import io.varve.lsvd.store.DirectoryStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.UUID;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

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

    @ParameterizedTest
    @ValueSource(longs = {0, Superblock.LENGTH})
    void oneSuperblockThatCannotBeReadIsNoMatter(final long place) throws Exception {
        leaveUnsent();
        verifyFirst(opened -> opened.unreadable(place));
    }

    @Test
    void withoutAnySuperblockItSaysSo() throws Exception {
        leaveUnsent();
        assertThatThrownBy(() -> verifyFirst(opened -> opened.unreadable(0, Superblock.LENGTH)))
                .isInstanceOf(VolumeException.class)
                .hasMessageContaining("Input/output error (EIO)");
        verifyFirst(opened -> opened);
    }

    @Test
    void whatCannotBeReadBehindTheEndIsNoMatter() throws Exception {
        leaveUnsent();
        verifyFirst(opened ->
                opened.unreadable(Superblock.AREA_OFFSET + (3L << 12), Superblock.AREA_OFFSET + (64L << 12), 1L << 20));
    }

    @Test
    void aRecordThatCannotBeReadIsNotTakenForTheEnd() throws Exception {
        for (final long block : new long[] {0, 1}) {
            leaveUnsent();
            final long offset = Superblock.AREA_OFFSET + (block << 12);
            assertThatThrownBy(() -> verifyFirst(opened -> opened.unreadable(offset)))
                    .isInstanceOf(VolumeException.class)
                    .hasMessageContaining("is damaged: record 1 at byte 8192")
                    .hasMessageContaining("is not readable (pread")
                    .hasMessageContaining("--accept-data-loss");
            verifyFirst(opened -> opened);
            try (VolumeRig rig = open(context -> context.acceptDataLoss(true), opened -> opened.unreadable(offset))) {
                assertThat(rig.read(0, 4096)).isEqualTo(filled(0));
            }
            Volume.deleteLog(directory.resolve("cache"), uuid);
            closeStore();
            directory = Files.createDirectory(directory.resolve("again"));
            makeVolume();
        }
    }

    @Test
    void aLogTakesNoMoreThanTheDiskHasForIt() throws Exception {
        assertThatThrownBy(() -> open(context -> context, made -> made.room(20 << 20)))
                .isInstanceOf(VolumeException.class)
                .hasMessageContaining("there is no room for the log of volume 'disk'")
                .hasMessageContaining("at least 32 MiB, and the disk has 20 MiB");
        assertThat(directory.resolve("cache")).doesNotExist();
        final Path log = directory.resolve("cache/" + uuid + "/log");
        open(context -> context.logSizeBytes(1L << 30), made -> made.room(50 << 20))
                .close();
        assertThat(Files.size(log)).isBetween(40L << 20, 50L << 20);
        final long size = Files.size(log);
        open(context -> context.logSizeBytes(1L << 30), made -> made.room(70 << 20))
                .close();
        assertThat(Files.size(log)).as("as long as it is not much too small").isEqualTo(size);
    }

    /** A record that was flushed, and is nowhere else. */
    private void leaveUnsent() throws Exception {
        final VolumeRig rig = open();
        store.away(true);
        rig.write(0, filled(1));
        rig.flush();
        rig.crash();
        store.away(false);
    }

    private void verifyFirst(final UnaryOperator<FlakyLogs> how) throws Exception {
        final VolumeRig rig = open(context -> context, how);
        store.away(true);
        assertThat(rig.read(0, 4096)).isEqualTo(filled(1));
        rig.crash();
        store.away(false);
    }

    private VolumeRig open(final UnaryOperator<VolumeContext> context, final UnaryOperator<FlakyLogs> how)
            throws Exception {
        return new VolumeRig(ring -> context.apply(VolumeRig.context(store, null)
                .destageDelayNs(NEVER)
                .logs(how.apply(new FlakyLogs(new DirectoryLogStore(directory.resolve("cache"), uuid, ring))), null)));
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

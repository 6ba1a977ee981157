package io.varve.lsvd;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.lsvd.store.DirectoryStore;
import io.varve.lsvd.store.ObjectStore;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A change of the write cache is logged, ordered and recovered like a write. */
class VolumeWriteCacheTest {
    private static final long NEVER = Long.MAX_VALUE / 2;

    @TempDir
    Path directory;

    private ObjectStore store;
    private Path cache;

    @BeforeEach
    void makeVolume() throws Exception {
        store = DirectoryStore.open(directory.resolve("store"), true);
        cache = directory.resolve("cache");
        new VolumeCatalog(store).create("disk", 24 << 20);
    }

    @AfterEach
    void closeStore() {
        store.close();
    }

    @Test
    void isOnAtFirst() throws Exception {
        try (VolumeRig rig = new VolumeRig(store, cache)) {
            assertThat(rig.volume.isWriteCache()).isTrue();
        }
    }

    @Test
    void aChangeSurvivesACrashByTheLogAlone() throws Exception {
        for (final boolean isOn : new boolean[] {false, true, false}) {
            final VolumeRig rig = new VolumeRig(VolumeRig.context(store, cache).destageDelayNs(NEVER));
            assertThat(rig.volume.isWriteCache()).isEqualTo(!isOn);
            rig.writeCache(isOn);
            assertThat(rig.volume.isWriteCache()).isEqualTo(isOn);
            rig.crash();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 1000})
    void aChangeIsInTheStoreAfterAClose(final int checkpointInterval) throws Exception {
        try (VolumeRig rig = new VolumeRig(VolumeRig.context(store, cache).checkpointInterval(checkpointInterval))) {
            rig.writeCache(false);
        }
        final Path elsewhere = directory.resolve("elsewhere");
        try (VolumeRig rig = new VolumeRig(store, elsewhere)) {
            assertThat(rig.volume.isWriteCache()).isFalse();
            rig.write(0, new byte[4096]);
        }
        try (VolumeRig rig = new VolumeRig(store, cache)) {
            assertThat(rig.volume.isWriteCache()).isFalse();
        }
        try (VolumeRig rig = new VolumeRig(VolumeRig.context(store, cache).readOnly(true))) {
            assertThat(rig.volume.isWriteCache()).isFalse();
        }
    }

    @Test
    void aTakeoverFindsWhatWasSetInThePrefixThatItOpens() throws Exception {
        final VolumeRig rig = new VolumeRig(store, cache);
        rig.writeCache(false);
        rig.write(0, new byte[4096]);
        rig.await(rig.volume::isStored);
        final Path elsewhere = directory.resolve("elsewhere");
        try (VolumeRig next = new VolumeRig(VolumeRig.context(store, elsewhere).takeOver(true))) {
            assertThat(next.volume.isWriteCache()).isFalse();
        }
        rig.crash();
    }

    @Test
    void aChangeWaitsWhileTheLogIsFull() throws Exception {
        final FlakyStore flaky = new FlakyStore(store);
        try (VolumeRig rig = new VolumeRig(flaky, cache)) {
            flaky.away(true);
            final byte[] piece = new byte[1 << 20];
            for (int i = 0; rig.outstanding() == 0; i++) {
                rig.submitWrite(0, (long) (i % 16) << 20, piece);
                rig.settles();
            }
            rig.submitWriteCache(false);
            rig.turnFor(100);
            assertThat(rig.outstanding()).isEqualTo(2);
            flaky.away(false);
            rig.awaitAll();
        }
        try (VolumeRig rig = new VolumeRig(store, cache)) {
            assertThat(rig.volume.isWriteCache()).isFalse();
        }
    }
}

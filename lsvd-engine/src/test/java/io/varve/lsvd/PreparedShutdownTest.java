package io.varve.lsvd;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.lsvd.store.DirectoryStore;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A volume gets ready for its shutdown while it may still be wanted: its epoch stays its own until the seal. */
@Timeout(60)
class PreparedShutdownTest {
    @TempDir
    private Path directory;

    private FlakyStore store;
    private VolumeRig rig;

    @BeforeEach
    void open() throws Exception {
        store = new FlakyStore(DirectoryStore.open(directory.resolve("store"), true));
        new VolumeCatalog(store).create("disk", 1 << 20);
        rig = new VolumeRig(store, directory.resolve("cache"));
    }

    @AfterEach
    void close() throws Exception {
        rig.close();
        try (VolumeRig again = new VolumeRig(store, directory.resolve("other"))) {
            assertThat(again.read(0, 4096)).containsOnly(2);
        }
        store.close();
    }

    private void writeAndStore(final int value) {
        final byte[] data = new byte[4096];
        Arrays.fill(data, (byte) value);
        rig.write(0, data);
        rig.await(rig.volume::isStored);
    }

    private void prepare() {
        rig.volume.prepareShutdown(true);
        rig.await(rig.volume::isShutdownPrepared);
    }

    private long objects() {
        return rig.volume.stats().objectsPut();
    }

    @Test
    void leavesNothingButTheSeal() {
        writeAndStore(2);
        prepare();
        assertThat(rig.volume.isSealed()).isFalse();
        rig.await(() -> objects() == 2);
        rig.shutDown();
        assertThat(objects()).isEqualTo(3);
        assertThat(rig.volume.isSealed()).isTrue();
    }

    @Test
    void theVolumeGoesOnWhenThatIsTakenBack() {
        writeAndStore(1);
        prepare();
        rig.volume.prepareShutdown(false);
        assertThat(rig.volume.isShutdownPrepared()).isFalse();
        writeAndStore(2);
    }

    @Test
    void isNotReadyWhileTheStoreIsAway() {
        writeAndStore(1);
        store.away(true);
        rig.volume.prepareShutdown(true);
        rig.await(() -> rig.volume.stats().storeTrouble() != null);
        assertThat(rig.volume.isShutdownPrepared()).isFalse();
        final byte[] data = new byte[4096];
        Arrays.fill(data, (byte) 2);
        rig.write(0, data);
        rig.flush();
        store.away(false);
        rig.await(rig.volume::isShutdownPrepared);
    }

    /** That the store can be read, or took something once, says nothing of a seal. */
    @Test
    void eachWishNeedsAnAnswerOfItsOwn() {
        writeAndStore(2);
        prepare();
        rig.volume.prepareShutdown(false);
        store.writable(false);
        rig.volume.prepareShutdown(true);
        rig.await(() -> rig.volume.stats().storeTrouble() != null);
        assertThat(rig.volume.isShutdownPrepared()).isFalse();
        store.writable(true);
        rig.await(rig.volume::isShutdownPrepared);
    }
}

package io.varve.lsvd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.lsvd.format.VolumeSettings;
import io.varve.lsvd.snapshot.Snapshot;
import io.varve.lsvd.store.DirectoryStore;
import io.varve.lsvd.store.Keys;
import io.varve.lsvd.store.ObjectStore;
import io.varve.lsvd.store.UnsyncedStore;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a killed process has left is seen, and somebody goes on from it; and then the store loses power. */
final class FoundAndNotDurableTest {
    private static final int BLOCK = 4096;

    @TempDir
    private Path directory;

    private ObjectStore directoryStore;
    private UnsyncedStore store;

    @BeforeEach
    void openStore() throws Exception {
        directoryStore = DirectoryStore.open(directory.resolve("store"), true);
        store = new UnsyncedStore(directoryStore);
    }

    @AfterEach
    void closeStore() {
        directoryStore.close();
    }

    @Test
    void aSealIsThereWhenTheNextEpochIs() throws Exception {
        final UUID volume = create();
        final VolumeRig rig = new VolumeRig(context());
        rig.write(0, block(1));
        rig.flush();
        rig.await(rig.volume::isStored);
        store.neverAnswer(key -> key.startsWith(Keys.log(volume, 1)));
        rig.volume.shutdown();
        rig.await(store::isUnsynced);
        rig.crash();
        store.giveUp(key -> false);
        leaveABlock();
        store.losePower();
        assertHasTheBlock();
    }

    @Test
    void theRecordOfAnEpochIsThereWhenItsSealIs() throws Exception {
        final UUID volume = create();
        store.giveUp(Keys.epoch(volume, 1)::equals);
        assertThatThrownBy(() -> new VolumeRig(context())).hasMessageContaining("did not answer");
        store.giveUp(Keys.epoch(volume, 2)::equals);
        // Seals the first one.
        assertThatThrownBy(() -> new VolumeRig(context())).hasMessageContaining("did not answer");
        store.losePower();
        leaveABlock();
        assertHasTheBlock();
    }

    @Test
    void aNameIsThereWhenItsVolumeIsWritten() throws Exception {
        store.giveUp(key -> key.startsWith(Keys.name("disk")));
        assertThatThrownBy(this::create).hasMessageContaining("did not answer");
        store.giveUp(key -> false);
        leaveABlock();
        store.losePower();
        assertHasTheBlock();
    }

    @Test
    void theMarkOfARemovedVolumeIsThereWhenItsDataIsNot() throws Exception {
        final UUID volume = create();
        leaveABlock();
        store.giveUp(Keys.tombstone(volume)::equals);
        assertThatThrownBy(() -> catalog().remove("disk")).hasMessageContaining("did not answer");
        store.giveUp(key -> false);
        catalog().remove("disk");
        store.losePower();
        assertThat(store.list(Keys.tombstone(volume)).get()).hasSize(1);
    }

    @Test
    void theMarkOfARemovedSnapshotIsThereWhenAncestorsAreLetGo() throws Exception {
        create();
        try (VolumeRig rig = new VolumeRig(context())) {
            rig.write(0, block(1));
            rig.snapshot("one");
        }
        final Snapshot one = catalog().snapshot("disk", "one");
        final UUID clone = catalog()
                .createClone("clone", VolumeSettings.ofSize(one.record().sizeBytes()), one)
                .uuid();
        try (VolumeRig rig = new VolumeRig(context().name("clone"))) {
            rig.write(0, block(2));
            rig.snapshot("two");
        }
        final Snapshot two = catalog().snapshot("clone", "two");
        store.giveUp(Keys.pinRemoved(clone, two.checkpoint())::equals);
        assertThatThrownBy(() -> catalog().snapshots("clone").remove(two)).hasMessageContaining("did not answer");
        store.giveUp(key -> false);
        catalog().cutTies("clone");
        store.losePower();
        assertThat(catalog().snapshots("clone").list()).isEmpty();
    }

    private UUID create() throws VolumeException {
        return catalog().create("disk", 1 << 20).uuid();
    }

    private VolumeCatalog catalog() {
        return new VolumeCatalog(store);
    }

    private VolumeContext context() {
        return VolumeRig.context(store, directory.resolve("cache"));
    }

    private void leaveABlock() throws Exception {
        final VolumeRig rig = new VolumeRig(context());
        rig.write(0, block(7));
        rig.flush();
        rig.await(rig.volume::isStored);
        rig.crash();
    }

    private void assertHasTheBlock() throws Exception {
        try (VolumeRig rig = new VolumeRig(context())) {
            assertThat(rig.read(0, BLOCK)).isEqualTo(block(7));
        }
    }

    private static byte[] block(final int value) {
        final byte[] block = new byte[BLOCK];
        Arrays.fill(block, (byte) value);
        return block;
    }
}

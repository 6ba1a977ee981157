package io.varve.lsvd;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.lsvd.format.ObjectHeader;
import io.varve.lsvd.store.DirectoryStore;
import io.varve.lsvd.store.Keys;
import io.varve.lsvd.store.ObjectStore;
import io.varve.lsvd.store.StoredObject;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class VolumeUsageTest {
    private static final int BLOCK = 4096;
    private static final long SIZE = 1 << 20;

    @TempDir
    private Path directory;

    private ObjectStore store;
    private VolumeCatalog catalog;

    @BeforeEach
    void create() throws Exception {
        store = DirectoryStore.open(directory.resolve("store"), true);
        catalog = new VolumeCatalog(store);
        catalog.create("disk", SIZE);
    }

    @AfterEach
    void closeStore() {
        store.close();
    }

    @Test
    void anEmptyVolumeHoldsNothing() throws Exception {
        final VolumeUsage usage = catalog.usage("disk");
        assertThat(usage.sizeBytes()).isEqualTo(SIZE);
        assertThat(usage.mappedBytes()).isZero();
        assertThat(usage.liveBytes()).isZero();
        assertThat(usage.garbageBytes()).isZero();
        assertThat(usage.snapshotBytes()).isZero();
        expectSum(usage);
    }

    @Test
    void countsLiveDataAndGarbageWhileOpenAndClosed() throws Exception {
        try (VolumeRig rig = rig()) {
            write(rig, 0, 8);
            write(rig, 0, 2);
            rig.discard(4 * BLOCK, 2 * BLOCK);
            rig.await(rig.volume::isStored);
            expect(catalog.usage("disk"));
        }
        expect(catalog.usage("disk"));
    }

    private void expect(final VolumeUsage usage) throws Exception {
        assertThat(usage.mappedBytes()).isEqualTo(6 * BLOCK);
        assertThat(usage.liveBytes()).isEqualTo(6 * BLOCK);
        // Two blocks were overwritten and two discarded; nothing needs the object any more that says so.
        assertThat(usage.garbageBytes()).isEqualTo(4 * BLOCK + ObjectHeader.Shape.EMPTY.headerLength());
        assertThat(usage.snapshotBytes()).isZero();
        expectSum(usage);
    }

    @Test
    void theFreedBytesAreWhatARemovalFrees() throws Exception {
        try (VolumeRig rig = rig()) {
            write(rig, 0, 8);
        }
        final VolumeUsage usage = catalog.usage("disk");
        final long before = stored();
        catalog.remove("disk");
        final long tombstone =
                store.list(Keys.tombstone(usage.uuid())).get().getFirst().length();
        assertThat(before - stored() + tombstone).isEqualTo(usage.freedBytes());
    }

    private VolumeRig rig() throws Exception {
        return new VolumeRig(
                VolumeRig.context(store, directory.resolve("cache")).destageDelayNs(0));
    }

    private static void write(final VolumeRig rig, final int first, final int count) {
        rig.write((long) first * BLOCK, new byte[count * BLOCK]);
        rig.await(rig.volume::isStored);
    }

    private long stored() throws Exception {
        return store.list("volumes/").get().stream()
                .mapToLong(StoredObject::length)
                .sum();
    }

    private void expectSum(final VolumeUsage usage) throws Exception {
        final List<StoredObject> all = store.list("volumes/").get();
        assertThat(usage.objects()).isEqualTo(all.size());
        assertThat(usage.storedBytes()).isEqualTo(stored());
        assertThat(usage.liveBytes() + usage.garbageBytes() + usage.snapshotBytes() + usage.otherBytes())
                .isEqualTo(usage.storedBytes());
    }
}

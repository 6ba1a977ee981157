package io.varve.lsvd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.lsvd.format.VolumeSettings;
import io.varve.lsvd.gc.GcPolicy;
import io.varve.lsvd.snapshot.Snapshot;
import io.varve.lsvd.store.DirectoryStore;
import io.varve.lsvd.store.ObjectStore;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Garbage collection, snapshots and clones of volumes on a real ring and a real directory. */
class VolumeSnapshotTest {
    private static final int BLOCK = 4096;
    private static final int BLOCKS = 2048;
    private static final long SIZE = (long) BLOCKS * BLOCK;
    private static final int MAX_STORED_PERCENT = 250;

    @TempDir
    Path directory;

    private final byte[] disk = new byte[(int) SIZE];
    private final Random random = new Random(1);
    private ObjectStore store;
    private VolumeCatalog catalog;

    @BeforeEach
    void create() throws Exception {
        store = DirectoryStore.open(directory.resolve("store"), true);
        catalog = new VolumeCatalog(store);
        catalog.create("disk", SIZE);
    }

    @AfterEach
    void close() {
        store.close();
    }

    /** A log that only grew would take six times the disk. */
    @Test
    void spaceIsGivenBackAndNothingIsLost() throws Exception {
        try (VolumeRig rig = open("disk")) {
            overwrite(rig, 6 * BLOCKS);
            rig.await(rig.volume::isStored);
            rig.await(() -> rig.volume.stats().space().storedBytes() < SIZE * MAX_STORED_PERCENT / 100);
            assertThat(rig.volume.stats().space().objectsDeleted()).isPositive();
            assertHolds(rig, disk);
        }
        assertThat(storedBytes()).isLessThan(SIZE * MAX_STORED_PERCENT / 100);
        try (VolumeRig rig = open("disk")) {
            assertHolds(rig, disk);
        }
    }

    /** Memory outside the heap that is not used again has the JVM stop everything for a full collection now and then. */
    @Test
    void collectionTakesNoNewMemoryInTheLongRun() throws Exception {
        try (VolumeRig rig = open("disk")) {
            overwrite(rig, 12 * BLOCKS);
            final long collected = rig.volume.stats().space().collectedBytes();
            final long before = bytesOutsideTheHeap();
            overwrite(rig, 40 * BLOCKS);
            rig.await(rig.volume::isStored);
            assertThat(rig.volume.stats().space().collectedBytes() - collected).isGreaterThan(3 * SIZE);
            assertThat(bytesOutsideTheHeap() - before).isLessThan(SIZE);
        }
    }

    private static long bytesOutsideTheHeap() {
        return ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
                .filter(pool -> pool.getName().equals("direct"))
                .mapToLong(BufferPoolMXBean::getTotalCapacity)
                .sum();
    }

    @Test
    void collectionThatIsPausedCollectsNothing() throws Exception {
        try (VolumeRig rig = open("disk")) {
            rig.volume.pauseCollection(true);
            overwrite(rig, 3 * BLOCKS);
            rig.await(rig.volume::isStored);
            assertThat(rig.volume.stats().space().collectedBytes()).isZero();
            rig.volume.pauseCollection(false);
            rig.await(() -> rig.volume.stats().space().collectedBytes() > 0);
        }
    }

    @Test
    void aSnapshotHoldsWhatWasAcknowledgedBeforeWhileCollectionGoesOn() throws Exception {
        final byte[] then;
        try (VolumeRig rig = open("disk")) {
            overwrite(rig, BLOCKS);
            then = disk.clone();
            rig.snapshot("before");
            overwrite(rig, 6 * BLOCKS);
            rig.await(rig.volume::isStored);
            rig.await(() -> rig.volume.stats().space().collectedBytes() > 0);
        }
        try (VolumeRig rig = new VolumeRig(context("disk").readOnly(true).snapshot("before"))) {
            assertHolds(rig, then);
            assertThat(rig.volume.isReadOnly()).isTrue();
        }
        assertThatThrownBy(() -> new VolumeRig(context("disk").readOnly(true).snapshot("never")))
                .isInstanceOf(VolumeException.class)
                .hasMessageStartingWith("volume 'disk' has no snapshot 'never'");
    }

    /** A clone's first checkpoints build on its origin's: what is in those is not the clone's to count, to collect or to delete. */
    @Test
    void aCloneThatIsOpenedAgainLeavesItsOriginsObjectsAlone() throws Exception {
        final long inherited;
        try (VolumeRig rig = open("disk")) {
            overwrite(rig, 2 * BLOCKS);
            rig.snapshot("origin");
            rig.await(rig.volume::isStored);
        }
        final byte[] then = disk.clone();
        catalog.createClone("copy", VolumeSettings.ofSize(SIZE), catalog.snapshot("disk", "origin"));
        try (VolumeRig rig = open("copy")) {
            overwrite(rig, 1);
            rig.await(rig.volume::isStored);
            inherited = rig.volume.stats().space().inheritedBytes();
        }
        assertThat(inherited).isPositive();
        try (VolumeRig rig = open("copy")) {
            rig.await(() -> rig.volume.stats().space().liveBytes() > 0);
            assertThat(rig.volume.stats().space().inheritedBytes()).isEqualTo(inherited);
            assertThat(rig.volume.stats().space().isFlat()).isFalse();
            overwrite(rig, 6 * BLOCKS);
            rig.await(rig.volume::isStored);
            rig.await(() -> rig.volume.stats().space().objectsDeleted() > 0);
            assertHolds(rig, disk);
        }
        try (VolumeRig rig = open("disk")) {
            assertHolds(rig, then);
        }
        try (VolumeRig rig = new VolumeRig(context("disk").readOnly(true).snapshot("origin"))) {
            assertHolds(rig, then);
        }
    }

    /** Blocks of snapshot number i were written with it or before: block b last with number i - (i - b) mod 64. */
    @Test
    void aThousandSnapshotsAreNoTrouble() throws Exception {
        final int count = 1000;
        final int blocks = 64;
        try (VolumeRig rig = open("disk")) {
            overwrite(rig, BLOCKS);
            for (int i = 0; i < count; i++) {
                rig.write((long) i % blocks * BLOCK, block(i));
                rig.snapshot("s" + i);
            }
            rig.await(rig.volume::isStored);
            rig.await(() -> catalogHas("s" + (count - 1)));
        }
        assertThat(catalog.snapshots("disk").list()).hasSize(count);
        for (final int i : new int[] {blocks, 500, 777, count - 1}) {
            try (VolumeRig rig = new VolumeRig(context("disk").readOnly(true).snapshot("s" + i))) {
                for (int b = 0; b < blocks; b++) {
                    assertThat(rig.read((long) b * BLOCK, BLOCK)).isEqualTo(block(i - Math.floorMod(i - b, blocks)));
                }
            }
        }
        for (final Snapshot snapshot : catalog.snapshots("disk").list()) {
            catalog.snapshots("disk").remove(snapshot);
        }
        try (VolumeRig rig = open("disk")) {
            overwrite(rig, BLOCKS);
            rig.await(rig.volume::isStored);
            rig.await(() -> rig.volume.stats().space().storedBytes() < SIZE * MAX_STORED_PERCENT / 100);
            assertThat(rig.volume.stats().space().objectsDeleted()).isGreaterThan(count);
        }
    }

    @Test
    void whatOnlyASnapshotNeededGoesWithIt() throws Exception {
        try (VolumeRig rig = open("disk")) {
            overwrite(rig, BLOCKS);
            rig.snapshot("before");
            overwrite(rig, 4 * BLOCKS);
            rig.await(rig.volume::isStored);
            rig.await(() -> catalogHas("before"));
        }
        final long with = storedBytes();
        catalog.snapshots("disk").remove(catalog.snapshot("disk", "before"));
        try (VolumeRig rig = open("disk")) {
            overwrite(rig, BLOCKS);
            rig.await(() -> rig.volume.stats().space().storedBytes() < with - SIZE / 3);
        }
    }

    @Test
    void aSnapshotThatWasOnlyLoggedComesIntoTheStoreAfterACrash() throws Exception {
        try (VolumeRig rig = new VolumeRig(context("disk").destageDelayNs(Long.MAX_VALUE / 4))) {
            rig.write(0, block(7));
            rig.flush();
            rig.snapshot("logged");
            rig.write(0, block(8));
            rig.crash();
        } catch (final IllegalStateException e) {
            // Closing again what has crashed.
        }
        try (VolumeRig rig = open("disk")) {
            assertThat(rig.read(0, BLOCK)).isEqualTo(block(8));
            rig.await(() -> catalogHas("logged"));
        }
        try (VolumeRig rig = new VolumeRig(context("disk").readOnly(true).snapshot("logged"))) {
            assertThat(rig.read(0, BLOCK)).isEqualTo(block(7));
        }
    }

    /** Each clone of a clone sees its own writes and those of its ancestors before it, whatever they collect. */
    @Test
    void clonesOfClonesShareWhatTheyBeganWithAndNothingElse() throws Exception {
        final int depth = 5;
        final byte[][] contents = new byte[depth][];
        String name = "disk";
        for (int i = 0; i < depth; i++) {
            try (VolumeRig rig = open(name)) {
                overwrite(rig, BLOCKS / 2);
                rig.snapshot("s");
                contents[i] = disk.clone();
            }
            final Snapshot snapshot = catalog.snapshot(name, "s");
            final String child = "clone" + i;
            catalog.createClone(child, VolumeSettings.ofSize(SIZE), snapshot);
            // The parent goes on by itself.
            final byte[] kept = disk.clone();
            try (VolumeRig rig = open(name)) {
                overwrite(rig, 2 * BLOCKS);
                rig.await(rig.volume::isStored);
            }
            System.arraycopy(kept, 0, disk, 0, kept.length);
            name = child;
        }
        try (VolumeRig rig = open(name)) {
            assertHolds(rig, contents[depth - 1]);
            overwrite(rig, 3 * BLOCKS);
            rig.await(rig.volume::isStored);
        }
        try (VolumeRig rig = open(name)) {
            assertHolds(rig, disk);
        }
        assertThatThrownBy(() -> catalog.remove("disk"))
                .isInstanceOf(VolumeException.class)
                .hasMessageContaining("clones");
        for (int i = depth - 1; i >= 0; i--) {
            assertThat(catalog.remove("clone" + i)).isTrue();
        }
        assertThat(catalog.remove("disk")).isTrue();
        assertThat(storedBytes()).as("what is left: seals and marks").isLessThan(200_000);
    }

    @Test
    void aCloneThatIsFlattenedOutlivesWhatItWasMadeOf() throws Exception {
        try (VolumeRig rig = open("disk")) {
            overwrite(rig, BLOCKS);
            rig.snapshot("s");
        }
        catalog.createClone("clone", VolumeSettings.ofSize(SIZE), catalog.snapshot("disk", "s"));
        try (VolumeRig rig = open("clone")) {
            overwrite(rig, BLOCKS / 4);
            rig.await(rig.volume::isStored);
            assertThat(rig.volume.stats().space().inheritedBytes()).isPositive();
            rig.volume.flatten();
            overwrite(rig, BLOCKS / 4);
            rig.await(() -> rig.volume.isStored() && rig.volume.stats().space().inheritedBytes() == 0);
            rig.await(() -> rig.volume.stats().space().isFlat());
        }
        catalog.cutTies("clone");
        assertThat(catalog.remove("disk")).isTrue();
        try (VolumeRig rig = open("clone")) {
            assertHolds(rig, disk);
        }
        assertThat(catalog.remove("clone")).isTrue();
    }

    @Test
    void aVolumeGoesBackToASnapshot() throws Exception {
        final byte[] then;
        try (VolumeRig rig = open("disk")) {
            overwrite(rig, BLOCKS);
            rig.snapshot("before");
            then = disk.clone();
            overwrite(rig, 3 * BLOCKS);
            rig.snapshot("after");
        }
        final byte[] later = disk.clone();
        try (VolumeRig rig = new VolumeRig(context("disk").rollBackTo("before"))) {
            assertHolds(rig, then);
        }
        System.arraycopy(then, 0, disk, 0, then.length);
        try (VolumeRig rig = open("disk")) {
            assertHolds(rig, then);
            overwrite(rig, 3 * BLOCKS);
            rig.await(rig.volume::isStored);
            assertHolds(rig, disk);
        }
        try (VolumeRig rig = new VolumeRig(context("disk").readOnly(true).snapshot("after"))) {
            assertHolds(rig, later);
        }
    }

    @Test
    void goingBackThatIsBrokenOffHasNotHappened() throws Exception {
        try (VolumeRig rig = open("disk")) {
            overwrite(rig, BLOCKS);
            rig.snapshot("before");
            overwrite(rig, 3 * BLOCKS);
            rig.await(() -> rig.volume.stats().space().objectsDeleted() > 0);
        }
        final VolumeRig brokenOff = new VolumeRig(context("disk").rollBackTo("before"));
        brokenOff.crash();
        try (VolumeRig rig = open("disk")) {
            assertHolds(rig, disk);
        }
    }

    @Test
    void aVolumeThatIsOpenDoesNotGoBack() throws Exception {
        try (VolumeRig rig = open("disk")) {
            rig.snapshot("now");
            rig.await(() -> catalogHas("now"));
            assertThatThrownBy(() -> new VolumeRig(
                            VolumeRig.context(store, directory.resolve("other")).rollBackTo("now")))
                    .isInstanceOf(VolumeException.class)
                    .hasMessageContaining("is open, or was not closed");
        }
    }

    private boolean catalogHas(final String snapshot) {
        try {
            return catalog.snapshots("disk").find(snapshot) != null;
        } catch (final VolumeException | java.io.IOException e) {
            throw new AssertionError(e);
        }
    }

    private VolumeContext context(final String name) {
        return VolumeRig.context(store, directory.resolve("cache"))
                .name(name)
                .checkpointInterval(4)
                .gcPolicy(new GcPolicy(1.3, 0.5, 0));
    }

    private VolumeRig open(final String name) throws Exception {
        return new VolumeRig(context(name));
    }

    private void overwrite(final VolumeRig rig, final int blocks) {
        for (int i = 0; i < blocks; i++) {
            final int block = random.nextInt(BLOCKS);
            final byte[] data = block(random.nextInt());
            System.arraycopy(data, 0, disk, block * BLOCK, BLOCK);
            rig.submitWrite(i % 16, (long) block * BLOCK, data);
            if (i % 16 == 15) {
                rig.awaitAll();
            }
        }
        rig.awaitAll();
    }

    private static byte[] block(final int value) {
        final byte[] data = new byte[BLOCK];
        Arrays.fill(data, (byte) value);
        data[0] = (byte) (value >> 8);
        return data;
    }

    private static void assertHolds(final VolumeRig rig, final byte[] expected) {
        final int piece = 1 << 20;
        for (int at = 0; at < expected.length; at += piece) {
            assertThat(Arrays.equals(rig.read(at, piece), Arrays.copyOfRange(expected, at, at + piece)))
                    .as("what is read at " + at)
                    .isTrue();
        }
    }

    private long storedBytes() throws Exception {
        try (Stream<Path> files = Files.walk(directory.resolve("store"))) {
            return files.filter(Files::isRegularFile)
                    .mapToLong(file -> file.toFile().length())
                    .sum();
        }
    }
}

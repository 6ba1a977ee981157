package io.varve.lsvd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.lsvd.format.VolumeSettings;
import io.varve.lsvd.snapshot.Snapshot;
import io.varve.lsvd.store.DirectoryStore;
import io.varve.lsvd.store.Keys;
import io.varve.lsvd.store.ObjectStore;
import io.varve.lsvd.store.StoredObject;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Removals that are cut short at every request, and what they leave behind. */
final class VolumeRemovalTest {
    private static final long SIZE = 1 << 20;
    private static final int OBJECTS = 20;

    @TempDir
    private Path directory;

    private ObjectStore store;

    @BeforeEach
    void openStore() throws Exception {
        store = DirectoryStore.open(directory.resolve("store"), true);
    }

    @AfterEach
    void closeStore() {
        store.close();
    }

    @Test
    void tellsHowFarItHasCome() throws Exception {
        make("disk");
        final long all = contents().stream().mapToLong(StoredObject::length).sum();
        final List<Long> told = new ArrayList<>();
        final long[] last = new long[2];
        assertThat(new VolumeCatalog(store).remove("disk", (done, total, bytes) -> {
                    told.add(done);
                    last[0] = total;
                    last[1] = bytes;
                }))
                .isTrue();
        assertThat(told).hasSizeGreaterThan(OBJECTS).isSorted().doesNotHaveDuplicates();
        assertThat(told.getLast()).isEqualTo(last[0]);
        assertThat(last[1]).isBetween(all / 2, all);
        assertThat(contents()).allMatch(object -> object.key().matches(".*/(tombstone|log/.*)"));
        assertThat(new VolumeCatalog(store).remove("disk")).isFalse();
    }

    @Test
    void cutShortAnywhereIsFinishedByTheNext() throws Exception {
        int cuts = 0;
        for (boolean isCut = true; isCut; cuts++) {
            make("disk");
            isCut = !removeWithRequests(cuts);
            if (isCut) {
                new VolumeCatalog(store).remove("disk");
            }
            expectNothingLeft(cuts);
        }
        assertThat(cuts).isGreaterThan(OBJECTS);
    }

    @Test
    void twoAtOnceDoNotStumbleOverEachOther() throws Exception {
        final long[] requests = {Long.MAX_VALUE};
        for (int at = 1; at <= requests[0]; at++) {
            make("disk", 1);
            final long others = at;
            new VolumeCatalog(new CutShortStore(store, count -> {
                        requests[0] = count;
                        if (count == others) {
                            removeNow();
                        }
                        return false;
                    }))
                    .remove("disk");
            expectNothingLeft(at);
        }
    }

    private void removeNow() {
        try {
            new VolumeCatalog(store).remove("disk");
        } catch (final VolumeException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void cutShortAnywhereIsFinishedWhenTheNameIsTakenAgain() throws Exception {
        int cuts = 0;
        for (boolean isCut = true; isCut; cuts++) {
            make("disk");
            isCut = !removeWithRequests(cuts);
            final VolumeCatalog catalog = new VolumeCatalog(store);
            if (catalog.list().isEmpty()) {
                final UUID next = catalog.create("disk", SIZE).uuid();
                final long others = contents().stream()
                        .filter(object -> !object.key().startsWith(Keys.volume(next)))
                        .filter(object -> !object.key().matches(".*/(tombstone|log/.*)"))
                        .count();
                assertThat(others).as("left behind after %d requests", cuts).isZero();
            }
            catalog.remove("disk");
            expectNothingLeft(cuts);
        }
    }

    @Test
    void refusesWhileThereAreClonesAndDeletesNothing() throws Exception {
        make("disk");
        final VolumeCatalog catalog = new VolumeCatalog(store);
        catalog.createClone("copy", VolumeSettings.ofSize(SIZE), snapshot());
        final List<StoredObject> before = contents();
        assertThatThrownBy(() -> catalog.remove("disk"))
                .isInstanceOf(VolumeException.class)
                .hasMessageContaining("remove or flatten copy");
        assertThat(contents()).isEqualTo(before);
        assertThat(catalog.info("disk").name()).isEqualTo("disk");
        catalog.remove("copy");
        catalog.remove("disk");
        expectNothingLeft(0);
    }

    @Test
    void aCloneWhoseMakingIsCutShortAnywhereIsInNobodysWay() throws Exception {
        int cuts = 0;
        for (boolean isCut = true; isCut; cuts++) {
            make("disk");
            final Snapshot snapshot = snapshot();
            isCut = !cloneWithRequests(snapshot, cuts);
            final VolumeCatalog catalog = new VolumeCatalog(store);
            catalog.removeUnfinishedClones("disk");
            final boolean isThere =
                    catalog.list().stream().anyMatch(info -> info.name().equals("copy"));
            assertThat(catalog.snapshots("disk").clones().isEmpty()).isEqualTo(!isThere);
            assertThat(isThere || isCut).isTrue();
            catalog.remove("copy");
            assertThat(catalog.remove("disk")).isTrue();
            expectNothingLeft(cuts);
        }
        assertThat(cuts).isGreaterThan(8);
    }

    /** Two that are at it at once: who takes the name wins, and the other says so. */
    @Test
    void aCloneThatIsBeingMadeYieldsToWhoIsInItsWay() throws Exception {
        make("disk");
        final Snapshot snapshot = snapshot();
        final VolumeCatalog catalog = new VolumeCatalog(store);
        final long[] seen = new long[1];
        assertThatThrownBy(() -> new VolumeCatalog(new CutShortStore(store, count -> {
                            if (hasMark() && seen[0]++ == 0) {
                                removeUnfinished(catalog);
                            }
                            return false;
                        }))
                        .createClone("copy", VolumeSettings.ofSize(SIZE), snapshot))
                .isInstanceOf(VolumeException.class)
                .hasMessageContaining("at the same time");
        assertThat(seen[0]).isPositive();
        assertThat(catalog.remove("disk")).isTrue();
        expectNothingLeft(0);
    }

    private boolean hasMark() {
        return store.list("volumes/").join().stream()
                .anyMatch(object -> object.key().contains("/children/"));
    }

    private static void removeUnfinished(final VolumeCatalog catalog) {
        try {
            catalog.removeUnfinishedClones("disk");
        } catch (final VolumeException e) {
            throw new AssertionError(e);
        }
    }

    private Snapshot snapshot() throws Exception {
        try (VolumeRig rig = new VolumeRig(store, directory.resolve("cache"))) {
            rig.snapshot("s");
            rig.await(rig.volume::isStored);
        }
        return new VolumeCatalog(store).snapshot("disk", "s");
    }

    private boolean cloneWithRequests(final Snapshot snapshot, final long requests) {
        try {
            new VolumeCatalog(new CutShortStore(store, count -> count > requests))
                    .createClone("copy", VolumeSettings.ofSize(SIZE), snapshot);
            return true;
        } catch (final VolumeException e) {
            assertThat(e).hasMessageContaining("cut short");
            return false;
        }
    }

    private void make(final String name) throws Exception {
        make(name, OBJECTS);
    }

    private void make(final String name, final int objects) throws Exception {
        final VolumeCatalog catalog = new VolumeCatalog(store);
        if (catalog.list().isEmpty()) {
            catalog.create(name, SIZE);
            catalog.set(name, settings -> settings.withMaxUnsentAgeMs(1000));
            try (VolumeRig rig = new VolumeRig(
                    VolumeRig.context(store, directory.resolve("cache")).destageDelayNs(0))) {
                for (int i = 0; i < objects; i++) {
                    rig.write(i * 4096L, new byte[4096]);
                    rig.await(rig.volume::isStored);
                }
            }
        }
    }

    /** Whether it came to its end with so many requests. */
    private boolean removeWithRequests(final long requests) {
        try {
            new VolumeCatalog(new CutShortStore(store, count -> count > requests)).remove("disk");
            return true;
        } catch (final VolumeException e) {
            assertThat(e).hasMessageContaining("cut short");
            return false;
        }
    }

    private List<StoredObject> contents() throws Exception {
        return store.list("volumes/").get();
    }

    private void expectNothingLeft(final int requests) throws Exception {
        final List<String> left = contents().stream().map(StoredObject::key).toList();
        assertThat(left)
                .as("left behind after %d requests", requests)
                .allMatch(key -> key.endsWith("/tombstone") || key.contains("/log/"));
        final long seals = left.stream().filter(key -> key.contains("/log/")).count();
        final long tombstones = left.size() - seals;
        assertThat(seals).as("seals of three epochs at most").isLessThanOrEqualTo(3 * tombstones);
    }
}

package io.varve.lsvd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.lsvd.VolumeInfo.State;
import io.varve.lsvd.format.Durability;
import io.varve.lsvd.format.NameRecord;
import io.varve.lsvd.format.VolumeSettings;
import io.varve.lsvd.store.DirectoryStore;
import io.varve.lsvd.store.ForwardingStore;
import io.varve.lsvd.store.Keys;
import io.varve.lsvd.store.ObjectStore;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class VolumeCatalogTest {
    private static final long SIZE = 1 << 20;

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
    void knowsItsOwnClaimWhenTheAnswerComesLate() throws Exception {
        final VolumeCatalog catalog = new VolumeCatalog(new AnsweringTaken(Keys.NAMES) {
            @Override
            void before(final String key) {}
        });
        final VolumeInfo made = catalog.create("data", SIZE);
        assertThat(new VolumeCatalog(store).info("data")).isEqualTo(made);
    }

    @Test
    void leavesNothingBehindWhenAnotherClaimsTheName() throws Exception {
        final UUID other = UUID.randomUUID();
        final VolumeCatalog catalog = new VolumeCatalog(new AnsweringTaken("none") {
            @Override
            void before(final String key) {
                if (key.startsWith(Keys.NAMES)) {
                    store.putIfAbsent(key, NameRecord.claim(other).encode()).join();
                }
            }
        });
        assertThatThrownBy(() -> catalog.create("data", SIZE))
                .isInstanceOf(VolumeException.class)
                .hasMessageContaining("made by someone else at the same time");
        assertThat(store.list("volumes/").get()).isEmpty();
        assertThat(new VolumeCatalog(store).find("data")).isEqualTo(other);
    }

    @Test
    void listsTheOthersBesideAVolumeThatCannotBeRead() throws Exception {
        final VolumeCatalog catalog = new VolumeCatalog(store);
        catalog.create("a", SIZE);
        final UUID damaged = catalog.create("b", SIZE).uuid();
        catalog.create("c", SIZE);
        catalog.create("d", SIZE);
        store.delete(Keys.epoch(damaged, 0)).join();
        store.putIfAbsent(Keys.epoch(damaged, 0), MemorySegment.ofArray(new byte[100]))
                .join();
        store.delete(Keys.nameVersion("c", 1)).join();
        store.putIfAbsent(Keys.nameVersion("c", 1), MemorySegment.ofArray(new byte[3]))
                .join();
        final List<VolumeInfo> all = catalog.list();
        assertThat(all).extracting(VolumeInfo::name).containsExactly("a", "b", "c", "d");
        assertThat(all).extracting(VolumeInfo::isReadable).containsExactly(true, false, false, true);
        assertThat(all)
                .extracting(VolumeInfo::state)
                .containsExactly(State.CLOSED, State.UNREADABLE, State.UNREADABLE, State.CLOSED);
        assertThat(all.get(1).uuid()).isEqualTo(damaged);
        assertThat(all.get(1).trouble()).contains(Keys.epoch(damaged, 0));
        assertThat(all.get(2).uuid()).isNull();
    }

    @Test
    void changesSettingsOfTheNextEpoch() throws Exception {
        final VolumeCatalog catalog = new VolumeCatalog(store);
        catalog.create("data", SIZE);
        catalog.set("data", settings -> settings.withMaxUnsentAgeMs(1000));
        final VolumeInfo info = catalog.set("data", settings -> settings.withDurability(Durability.STORE));
        final VolumeSettings expected =
                VolumeSettings.ofSize(SIZE).withMaxUnsentAgeMs(1000).withDurability(Durability.STORE);
        assertThat(info.settings()).isEqualTo(expected);
        assertThat(info.nextSettings()).isEqualTo(expected);
        assertThat(catalog.info("data")).isEqualTo(info);
    }

    @Test
    void growsAndKeepsTheSizeOverOtherChangesAndOpenings() throws Exception {
        final VolumeCatalog catalog = new VolumeCatalog(store);
        catalog.create("disk", SIZE);
        assertThat(catalog.grow("disk", 4 * SIZE).sizeBytes()).isEqualTo(4 * SIZE);
        assertThat(catalog.grow("disk", 2 * SIZE).sizeBytes()).isEqualTo(4 * SIZE);
        assertThat(catalog.set("disk", settings -> settings.withDurability(Durability.STORE))
                        .sizeBytes())
                .isEqualTo(4 * SIZE);
        for (int i = 4; i < 8; i++) {
            try (VolumeRig rig = new VolumeRig(store, directory.resolve("cache"))) {
                assertThat(rig.volume.sizeBytes()).isEqualTo(i * SIZE);
                assertThat(catalog.grow("disk", (i + 1) * SIZE).sizeBytes()).isEqualTo((i + 1) * SIZE);
                assertThat(rig.volume.sizeBytes()).isEqualTo(i * SIZE);
                rig.volume.grow((i + 1) * SIZE);
                assertThat(rig.volume.sizeBytes()).isEqualTo((i + 1) * SIZE);
            }
        }
        assertThat(catalog.info("disk").sizeBytes()).isEqualTo(8 * SIZE);
    }

    /** The last block of the disk is in use in part: what is behind it must read as zeros once the disk is larger. */
    @Test
    void aDiskOfWholeSectorsThatEndsWithinABlock() throws Exception {
        final VolumeCatalog catalog = new VolumeCatalog(store);
        final long size = SIZE + 3 * 512;
        catalog.create("disk", size);
        final byte[] sector = new byte[512];
        Arrays.fill(sector, (byte) 7);
        try (VolumeRig rig = new VolumeRig(store, directory.resolve("cache"))) {
            assertThat(rig.volume.sizeBytes()).isEqualTo(size);
            assertThat(rig.read(SIZE - 512, 4 * 512)).containsOnly(0);
            rig.write(size - 512, sector);
            rig.write(SIZE, sector);
            rig.discard(SIZE + 512, 2 * 512);
            rig.write(size - 1024, sector);
            rig.flush();
        }
        try (VolumeRig rig = new VolumeRig(store, directory.resolve("elsewhere"))) {
            assertThat(rig.read(SIZE, 512)).containsOnly(7);
            assertThat(rig.read(size - 1024, 512)).containsOnly(7);
            assertThat(rig.read(size - 512, 512)).containsOnly(0);
            rig.write(size - 512, sector);
            rig.volume.grow(catalog.grow("disk", 2 * SIZE).sizeBytes());
            assertThat(rig.read(size - 512, 512)).containsOnly(7);
            assertThat(rig.read(size, (int) (2 * SIZE - size))).containsOnly(0);
        }
    }

    @Test
    void isShrunkOnlyWithTheDiscardedEndInTheStore() throws Exception {
        final VolumeCatalog catalog = new VolumeCatalog(store);
        catalog.create("disk", 4 * SIZE);
        try (VolumeRig rig = new VolumeRig(
                VolumeRig.context(store, directory.resolve("cache")).destageDelayNs(Long.MAX_VALUE / 2))) {
            rig.write(2 * SIZE, new byte[4096]);
            rig.discard(SIZE, 3 * SIZE);
            assertThatThrownBy(() -> catalog.shrink("disk", SIZE, rig.volume))
                    .isInstanceOf(IllegalStateException.class);
            assertThat(catalog.info("disk").sizeBytes()).isEqualTo(4 * SIZE);
            rig.shutDown();
            assertThat(catalog.shrink("disk", SIZE, rig.volume).sizeBytes()).isEqualTo(SIZE);
        }
        assertThatThrownBy(() -> catalog.grow("disk", SIZE + 1)).hasMessageContaining("multiple of 512");
        assertThatThrownBy(() -> catalog.grow("other", SIZE)).hasMessageStartingWith("no volume 'other'");
    }

    @Test
    void refusesSettingsThatAreNoGood() throws Exception {
        final VolumeCatalog catalog = new VolumeCatalog(store);
        final VolumeInfo info = catalog.create("data", SIZE);
        assertThatThrownBy(() -> catalog.set("data", settings -> settings.withFenceTimeoutMs(1)))
                .isInstanceOf(VolumeException.class)
                .hasMessage("the fence timeout is 0 for none, or 200ms to 7 days");
        assertThatThrownBy(() -> catalog.set("other", settings -> settings))
                .hasMessageStartingWith("no volume 'other'");
        assertThat(catalog.info("data")).isEqualTo(info);
    }

    @Test
    void losesNoChangeOfSettingsToAnotherAtTheSameTime() throws Exception {
        final VolumeCatalog straight = new VolumeCatalog(store);
        straight.create("data", SIZE);
        final AtomicBoolean isFirst = new AtomicBoolean(true);
        final VolumeCatalog catalog = new VolumeCatalog(new AnsweringTaken("none") {
            @Override
            void before(final String key) {
                if (isFirst.getAndSet(false)) {
                    try {
                        straight.set("data", settings -> settings.withMaxUnsentBytes(1 << 20));
                    } catch (final VolumeException e) {
                        throw new IllegalStateException(e);
                    }
                }
            }
        });
        assertThat(catalog.set("data", settings -> settings.withMaxUnsentAgeMs(1000))
                        .nextSettings())
                .isEqualTo(VolumeSettings.ofSize(SIZE).withMaxUnsentAgeMs(1000).withMaxUnsentBytes(1 << 20));
    }

    @Test
    void removesSettingsWithTheVolume() throws Exception {
        final VolumeCatalog catalog = new VolumeCatalog(store);
        catalog.create("data", SIZE);
        catalog.set("data", settings -> settings.withMaxUnsentAgeMs(1000));
        catalog.remove("data");
        assertThat(store.list("volumes/").get()).allMatch(object -> object.key().matches(".*/(tombstone|log/.*)"));
    }

    /** Calls every creation under a prefix refused, as a store does when the answer to an earlier attempt was lost. */
    private abstract class AnsweringTaken extends ForwardingStore {
        private final String prefix;

        AnsweringTaken(final String prefix) {
            super(store);
            this.prefix = prefix;
        }

        abstract void before(String key);

        @Override
        public CompletableFuture<Boolean> putIfAbsent(final String key, final MemorySegment body) {
            before(key);
            return store.putIfAbsent(key, body).thenApply(created -> created && !key.startsWith(prefix));
        }

        @Override
        public void close() {}
    }
}

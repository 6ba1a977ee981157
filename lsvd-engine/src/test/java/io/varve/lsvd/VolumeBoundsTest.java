package io.varve.lsvd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.lsvd.format.Durability;
import io.varve.lsvd.format.VolumeSettings;
import io.varve.lsvd.store.DirectoryStore;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a volume's settings promise of the store. */
class VolumeBoundsTest {
    private static final VolumeSettings PLAIN = VolumeSettings.ofSize(24 << 20);
    private static final long SHORT_MS = 150;
    private static final long NEVER_NS = Long.MAX_VALUE / 4;

    @TempDir
    Path directory;

    private FlakyStore store;

    @BeforeEach
    void openStore() throws Exception {
        store = new FlakyStore(DirectoryStore.open(directory.resolve("store"), true));
    }

    @AfterEach
    void closeStore() {
        store.close();
    }

    @Test
    void settingsAreKeptWithTheVolume() throws Exception {
        final VolumeSettings settings = PLAIN.withWriteCache(false)
                .withDurability(Durability.STORE)
                .withMaxUnsentBytes(1 << 20)
                .withMaxUnsentAgeMs(3000)
                .withFenceTimeoutMs(5000);
        new VolumeCatalog(store).create("disk", settings);
        assertThat(new VolumeCatalog(store).info("disk").settings()).isEqualTo(settings);
        try (VolumeRig rig = rig()) {
            assertThat(rig.volume.settings()).isEqualTo(settings);
        }
        assertThat(new VolumeCatalog(store).info("disk").settings()).isEqualTo(settings);
    }

    @Test
    void changedSettingsCountFromTheNextOpeningOn() throws Exception {
        final VolumeSettings settings = PLAIN.withDurability(Durability.STORE).withMaxUnsentAgeMs(3000);
        final VolumeCatalog catalog = new VolumeCatalog(store);
        catalog.create("disk", PLAIN);
        try (VolumeRig rig = rig()) {
            catalog.set("disk", old -> old.withDurability(Durability.STORE).withMaxUnsentAgeMs(3000));
            assertThat(rig.volume.settings()).isEqualTo(PLAIN);
            assertThat(catalog.info("disk").settings()).isEqualTo(PLAIN);
            assertThat(catalog.info("disk").nextSettings()).isEqualTo(settings);
        }
        try (VolumeRig rig = rig()) {
            assertThat(rig.volume.settings()).isEqualTo(settings);
            assertThat(catalog.info("disk").settings()).isEqualTo(settings);
        }
    }

    @ParameterizedTest
    @CsvSource({"65535, 0, 0, unsent bytes", "-1, 0, 0, unsent bytes", "0, 9, 0, age", "0, 0, 199, fence timeout"})
    void badSettingsAreRefused(final long bytes, final long ageMs, final long fenceMs, final String what) {
        final VolumeSettings settings =
                PLAIN.withMaxUnsentBytes(bytes).withMaxUnsentAgeMs(ageMs).withFenceTimeoutMs(fenceMs);
        assertThatThrownBy(() -> new VolumeCatalog(store).create("disk", settings))
                .isInstanceOf(VolumeException.class)
                .hasMessageContaining(what);
    }

    @Test
    void withDurabilityStoreAFlushIsInTheStoreAtOnce() throws Exception {
        create(PLAIN.withDurability(Durability.STORE));
        final VolumeRig rig = new VolumeRig(context().destageDelayNs(NEVER_NS));
        for (int i = 1; i <= 5; i++) {
            rig.write(0, filled(4096, i));
            rig.flush();
            assertThat(rig.volume.isStored()).isTrue();
        }
        rig.flush();
        rig.crash();
        try (VolumeRig other = takeOver()) {
            assertThat(other.read(0, 4096)).containsOnly(5);
        }
    }

    @Test
    void withDurabilityStoreADurableWriteIsInTheStore() throws Exception {
        create(PLAIN.withDurability(Durability.STORE));
        final VolumeRig rig = new VolumeRig(context().destageDelayNs(NEVER_NS));
        rig.writeDurably(8192, filled(4096, 7));
        rig.crash();
        try (VolumeRig other = takeOver()) {
            assertThat(other.read(8192, 4096)).containsOnly(7);
        }
    }

    @Test
    void withDurabilityStoreAFlushWaitsWhileTheStoreIsAwayAndWritesDoNot() throws Exception {
        create(PLAIN.withDurability(Durability.STORE));
        try (VolumeRig rig = rig()) {
            store.away(true);
            rig.write(0, filled(4096, 1));
            rig.submitFlush();
            rig.turnFor(SHORT_MS);
            assertThat(rig.outstanding()).isEqualTo(1);
            rig.submitRead(1, 0, 4096);
            rig.await(() -> rig.outstanding() == 1);
            store.away(false);
            rig.awaitAll();
        }
    }

    @Test
    void noMoreBytesThanAllowedAreAcknowledgedAndUnsent() throws Exception {
        final int bound = 1 << 20;
        create(PLAIN.withMaxUnsentBytes(bound));
        try (VolumeRig rig = rig()) {
            store.away(true);
            int acknowledged = 0;
            while (rig.outstanding() == 0) {
                rig.submitWrite(0, acknowledged * 65536L, filled(65536, 3));
                acknowledged += rig.settles() ? 1 : 0;
                assertThat(acknowledged * 65536).isLessThanOrEqualTo(bound);
            }
            assertThat(acknowledged * 65536).isGreaterThan(bound / 2);
            rig.await(() -> rig.volume.stats().unsentBytes() > bound);
            store.away(false);
            rig.awaitAll();
        }
    }

    @Test
    void aWriteLargerThanTheBoundIsAcknowledgedOnceNoMoreThanTheBoundIsUnsent() throws Exception {
        create(PLAIN.withMaxUnsentBytes(VolumeSettings.MIN_UNSENT_BYTES));
        try (VolumeRig rig = new VolumeRig(context().destageDelayNs(NEVER_NS))) {
            rig.write(0, filled(1 << 20, 3));
            assertThat(rig.read(0, 1 << 20)).containsOnly(3);
        }
    }

    @Test
    void noWriteIsAcknowledgedWhileAnOlderOneThanAllowedIsUnsent() throws Exception {
        final long ageMs = 2000;
        create(PLAIN.withMaxUnsentAgeMs(ageMs));
        try (VolumeRig rig = new VolumeRig(context().destageDelayNs(NEVER_NS))) {
            store.away(true);
            rig.write(0, filled(4096, 1));
            rig.await(() -> rig.volume.stats().oldestUnsentAgeNs() > TimeUnit.MILLISECONDS.toNanos(ageMs));
            rig.submitWrite(1, 4096, filled(4096, 2));
            rig.turnFor(SHORT_MS);
            assertThat(rig.outstanding()).isEqualTo(1);
            assertThat(rig.takeFailed()).isZero();
            store.away(false);
            rig.awaitAll();
            rig.await(rig.volume::isStored);
            rig.await(() -> rig.volume.stats().oldestUnsentAgeNs() == 0);
        }
    }

    @Test
    void whatAnEarlierLifeLeftUnsentCountsAsTooOld() throws Exception {
        create(PLAIN.withMaxUnsentAgeMs(60_000));
        final VolumeRig first = new VolumeRig(context().destageDelayNs(NEVER_NS));
        store.away(true);
        first.write(0, filled(4096, 1));
        first.crash();
        store.away(false);
        try (VolumeRig rig = rig()) {
            store.away(true);
            rig.submitWrite(0, 4096, filled(4096, 2));
            rig.turnFor(SHORT_MS);
            assertThat(rig.outstanding()).isEqualTo(1);
            store.away(false);
            rig.awaitAll();
        }
    }

    @Test
    void withoutAProofOfTheEpochNothingIsAnswered() throws Exception {
        create(PLAIN.withFenceTimeoutMs(VolumeSettings.MIN_FENCE_TIMEOUT_MS));
        try (VolumeRig rig = rig()) {
            rig.write(0, filled(4096, 1));
            rig.turnFor(3 * VolumeSettings.MIN_FENCE_TIMEOUT_MS);
            assertThat(rig.read(0, 4096)).containsOnly(1);
            store.away(true);
            rig.turnFor(2 * VolumeSettings.MIN_FENCE_TIMEOUT_MS);
            rig.submitRead(0, 0, 4096);
            rig.submitWrite(1, 4096, filled(4096, 2));
            rig.submitFlush();
            rig.turnFor(SHORT_MS);
            assertThat(rig.outstanding()).isEqualTo(3);
            store.away(false);
            rig.awaitAll();
        }
    }

    @Test
    void aTakeoverWaitsForTheFenceTimeoutAndAnIdleWriterMeetsTheSeal() throws Exception {
        final long timeoutMs = 400;
        create(PLAIN.withFenceTimeoutMs(timeoutMs));
        final VolumeRig old = rig();
        old.write(0, filled(4096, 1));
        old.await(old.volume::isStored);
        final long startNs = System.nanoTime();
        try (VolumeRig other = takeOver()) {
            assertThat(System.nanoTime() - startNs).isGreaterThan(TimeUnit.MILLISECONDS.toNanos(timeoutMs));
            old.submitRead(0, 0, 4096);
            old.submitWrite(1, 0, filled(4096, 9));
            old.await(() -> old.outstanding() == 0);
            assertThat(old.takeFailed()).isEqualTo(2);
            old.await(() -> old.volume.failure() != null);
            assertThat(old.volume.failure()).startsWith("fenced: ");
            assertThat(other.read(0, 4096)).containsOnly(1);
        }
        old.crash();
    }

    @Test
    void whoeverTakesOverIsToldHowMuchMayBeMissing() throws Exception {
        create(PLAIN.withMaxUnsentBytes(1 << 20).withMaxUnsentAgeMs(5000).withDurability(Durability.STORE));
        rig().crash();
        assertThatThrownBy(() -> new VolumeRig(VolumeRig.context(store, directory.resolve("elsewhere"))))
                .isInstanceOf(VolumeException.class)
                .hasMessageContaining("--take-over")
                .hasMessageContaining("at most 1048576 bytes of the log, of the last 5000 ms of writing at most,"
                        + " nothing that was flushed");
    }

    @Test
    void withoutBoundsAsMuchAsTheLogHeldMayBeMissing() throws Exception {
        create(PLAIN);
        rig().crash();
        assertThatThrownBy(() -> new VolumeRig(VolumeRig.context(store, directory.resolve("elsewhere"))))
                .hasMessageContaining("as much as that log held");
    }

    private void create(final VolumeSettings settings) throws VolumeException {
        new VolumeCatalog(store).create("disk", settings);
    }

    private VolumeContext context() {
        return VolumeRig.context(store, directory.resolve("cache"));
    }

    private VolumeRig rig() throws Exception {
        return new VolumeRig(context());
    }

    private VolumeRig takeOver() throws Exception {
        return new VolumeRig(
                VolumeRig.context(store, directory.resolve("another-cache")).takeOver(true));
    }

    private static byte[] filled(final int length, final int value) {
        final byte[] data = new byte[length];
        Arrays.fill(data, (byte) value);
        return data;
    }
}

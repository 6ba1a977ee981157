package io.varve.lsvd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.lsvd.store.DirectoryStore;
import io.varve.lsvd.store.StoredObject;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class VolumeTest {
    private static final int SIZE = 24 << 20;

    @TempDir
    Path directory;

    private FlakyStore store;
    private Path cache;

    @BeforeEach
    void makeVolume() throws Exception {
        store = new FlakyStore(DirectoryStore.open(directory.resolve("store"), true));
        cache = directory.resolve("cache");
        new VolumeCatalog(store).create("disk", SIZE);
    }

    @AfterEach
    void closeStore() {
        store.close();
    }

    @Test
    void refusesWritesWhenItHasAsManyExtentsAsACheckpointCanHold() throws Exception {
        try (VolumeRig rig = new VolumeRig(VolumeRig.context(store, cache).maxExtents(16))) {
            for (int i = 0; i < 16; i++) {
                rig.write(8192L * i, new byte[4096]);
            }
            rig.submitWrite(0, 1 << 20, new byte[4096]);
            rig.await(() -> rig.outstanding() == 0);
            assertThat(rig.takeFailed()).isEqualTo(1);
            rig.await(() -> rig.volume.stats().agentTrouble() != null);
            assertThat(rig.volume.stats().agentTrouble()).startsWith("writes are refused: the volume has 16 extents");
            assertThat(rig.volume.failure()).isNull();
            assertThat(rig.read(0, 4096)).containsOnly(0);
            rig.discard(0, 16384);
            rig.write(1 << 20, new byte[4096]);
        }
    }

    @Test
    void refusesDiscardsThatWouldSplitMoreExtentsThanACheckpointCanHold() throws Exception {
        try (VolumeRig rig = new VolumeRig(VolumeRig.context(store, cache).maxExtents(32))) {
            rig.write(0, new byte[1 << 20]);
            int split = 0;
            while (rig.takeFailed() == 0) {
                assertThat(split).isLessThan(100);
                rig.submitDiscard(8192L * split + 4096, 4096);
                rig.await(() -> rig.outstanding() == 0);
                split++;
            }
            assertThat(split).isBetween(33, 35);
            assertThat(rig.lastFailure()).isEqualTo(VolumeCompletion.NO_SPACE);
            assertThat(rig.volume.failure()).isNull();
            // What frees something is the guest's way out.
            rig.discard(0, 1 << 19);
            rig.write(0, new byte[4096]);
            assertThat(rig.read(0, 4096)).containsOnly(0);
        }
    }

    @Test
    void unwrittenSpaceReadsAsZeros() throws Exception {
        try (VolumeRig rig = new VolumeRig(store, cache)) {
            assertThat(rig.read(SIZE - 8192, 8192)).containsOnly(0);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void agreesWithAnArrayOverCrashesAndRestarts(final long seed) throws Exception {
        final Random random = new Random(seed);
        final byte[] model = new byte[SIZE];
        for (int life = 0; life < 4; life++) {
            final VolumeRig rig = new VolumeRig(store, cache);
            for (int round = 0; round < 60; round++) {
                mutate(rig, model, random);
                if (random.nextInt(4) == 0) {
                    rig.flush();
                }
                verifySome(rig, model, random);
            }
            if (random.nextBoolean()) {
                rig.close();
            } else {
                rig.crash();
            }
        }
        try (VolumeRig rig = new VolumeRig(store, cache)) {
            verifyAll(rig, model);
        }
    }

    @Test
    void everythingIsInTheStoreAfterAClose() throws Exception {
        final byte[] model = new byte[SIZE];
        final Random random = new Random(7);
        try (VolumeRig rig = new VolumeRig(store, cache)) {
            for (int round = 0; round < 100; round++) {
                mutate(rig, model, random);
            }
        }
        try (VolumeRig rig = new VolumeRig(store, directory.resolve("another-cache"))) {
            verifyAll(rig, model);
        }
        try (VolumeRig rig = new VolumeRig(VolumeRig.context(store, cache).readOnly(true))) {
            verifyAll(rig, model);
        }
    }

    @Test
    void aLogOfAnEpochThatWasClosedAndSupersededIsReplaced() throws Exception {
        try (VolumeRig rig = new VolumeRig(store, cache)) {
            rig.write(0, filled(4096, 1));
        }
        try (VolumeRig rig = new VolumeRig(store, directory.resolve("another-cache"))) {
            rig.write(0, filled(4096, 2));
        }
        try (VolumeRig rig = new VolumeRig(store, cache)) {
            assertThat(rig.read(0, 4096)).containsOnly(2);
        }
    }

    @Test
    void aVolumeThatWasNotClosedIsNotOpenedWithoutItsLog() throws Exception {
        final VolumeRig first = new VolumeRig(store, cache);
        first.write(0, filled(4096, 1));
        first.crash();
        assertThatThrownBy(() -> new VolumeRig(store, directory.resolve("another-cache")))
                .isInstanceOf(VolumeException.class)
                .hasMessageContaining("not closed")
                .hasMessageContaining("--take-over");
        try (VolumeRig rig = new VolumeRig(store, cache)) {
            assertThat(rig.read(0, 4096)).containsOnly(1);
        }
    }

    @Test
    void aTakeoverOpensFromTheStoreAndFencesTheOldWriter() throws Exception {
        final VolumeRig old = new VolumeRig(store, cache);
        old.write(0, filled(4096, 1));
        old.flush();
        old.await(() -> old.volume.stats().objectsPut() > 0);
        try (VolumeRig rig = new VolumeRig(
                VolumeRig.context(store, directory.resolve("another-cache")).takeOver(true))) {
            assertThat(rig.read(0, 4096)).containsOnly(1);
            rig.write(0, filled(4096, 2));
            old.write(0, filled(4096, 3));
            old.await(() -> old.volume.failure() != null);
            assertThat(old.volume.failure()).startsWith("fenced");
            old.submitWrite(0, 0, filled(4096, 4));
            assertThat(old.takeFailed()).isEqualTo(1);
            rig.write(4096, filled(4096, 5));
            assertThat(rig.read(0, 8192)[0]).isEqualTo((byte) 2);
        }
        old.crash();
        try (VolumeRig rig = new VolumeRig(store, cache)) {
            assertThat(rig.read(0, 4096)).containsOnly(2);
        }
        try (var files =
                Files.list(cache.resolve(new VolumeCatalog(store).find("disk").toString()))) {
            assertThat(files.map(Path::getFileName).map(Path::toString))
                    .anyMatch(name -> name.startsWith("log.superseded-"));
        }
    }

    @Test
    void aVolumeInUseIsNotOpenedTwice() throws Exception {
        try (VolumeRig rig = new VolumeRig(store, cache)) {
            assertThatThrownBy(() -> new VolumeRig(store, cache))
                    .isInstanceOf(VolumeException.class)
                    .hasMessageContaining("in use");
            assertThat(Volume.isInUse(cache, rig.volume.uuid())).isTrue();
        }
    }

    @Test
    void whenTheStoreIsAwayWritesGoOnUntilTheLogIsFullAndThenWait() throws Exception {
        final byte[] data = filled(1 << 20, 9);
        try (VolumeRig rig = new VolumeRig(store, cache)) {
            rig.write(0, filled(1 << 20, 8));
            store.away(true);
            int written = 0;
            while (rig.outstanding() == 0) {
                rig.submitWrite(0, (long) (written % 16) << 20, data);
                final long deadline = System.nanoTime() + 300_000_000L;
                while (rig.outstanding() > 0 && System.nanoTime() < deadline) {
                    rig.turn();
                }
                written++;
                assertThat(written).as("the log should be full by now").isLessThan(100);
            }
            assertThat(written).isGreaterThan(16);
            assertThat(rig.volume.stats().storeTrouble()).contains("away");
            store.away(false);
            rig.awaitAll();
            for (int i = 0; i < 64; i++) {
                rig.write((long) (i % 16) << 20, data);
            }
            assertThat(rig.read(3 << 20, 4096)).containsOnly(9);
        }
    }

    @Test
    void aShutdownThatGivesUpOnTheStoreLeavesEverythingInTheLog() throws Exception {
        final VolumeRig rig = new VolumeRig(store, cache);
        rig.write(0, filled(1 << 20, 4));
        store.away(true);
        rig.write(1 << 20, filled(1 << 20, 5));
        rig.volume.shutdown();
        rig.volume.abandonStore();
        rig.await(rig.volume::isShutDown);
        assertThat(rig.volume.stats().unsentBytes()).isGreaterThanOrEqualTo(1 << 20);
        rig.crash();
        store.away(false);
        try (VolumeRig next = new VolumeRig(store, cache)) {
            assertThat(next.read(0, 1 << 20)).containsOnly(4);
            assertThat(next.read(1 << 20, 1 << 20)).containsOnly(5);
        }
    }

    @Test
    void givingUpOnTheStoreFailsWhatWaitsForIt() throws Exception {
        try (VolumeRig rig = new VolumeRig(store, cache)) {
            rig.write(0, filled(1 << 20, 4));
        }
        final VolumeRig rig = new VolumeRig(store, directory.resolve("another-cache"));
        store.away(true);
        rig.submitRead(0, 0, 4096);
        final long while100Ms = System.nanoTime() + 100_000_000;
        while (System.nanoTime() < while100Ms) {
            rig.turn();
        }
        assertThat(rig.outstanding()).isEqualTo(1);
        rig.volume.abandonStore();
        rig.await(() -> rig.outstanding() == 0);
        assertThat(rig.takeFailed()).isEqualTo(1);
        rig.shutDown();
        rig.crash();
        store.away(false);
    }

    @Test
    void aTornTailIsDroppedAndDamageToWhatWasFlushedIsNot() throws Exception {
        final VolumeRig rig = new VolumeRig(VolumeRig.context(store, cache).destageDelayNs(Long.MAX_VALUE / 2));
        for (int i = 0; i < 10; i++) {
            rig.write(i * 4096L, filled(4096, i + 1));
        }
        final Path log = cache.resolve(rig.volume.uuid().toString()).resolve("log");
        rig.crash();
        flipBlock(log, 9);
        try (VolumeRig next = new VolumeRig(VolumeRig.context(store, cache).destageDelayNs(Long.MAX_VALUE / 2))) {
            assertThat(next.read(8 * 4096L, 4096)).containsOnly(9);
            assertThat(next.read(9 * 4096L, 4096)).containsOnly(0);
        }
    }

    @Test
    void damageToWhatWasFlushedStopsTheOpenUnlessItIsAccepted() throws Exception {
        final VolumeRig rig = new VolumeRig(VolumeRig.context(store, cache).destageDelayNs(Long.MAX_VALUE / 2));
        for (int i = 0; i < 10; i++) {
            rig.write(i * 4096L, filled(4096, i + 1));
        }
        rig.flush();
        final long news = System.nanoTime() + 100_000_000;
        while (System.nanoTime() < news) {
            rig.turn();
        }
        final Path log = cache.resolve(rig.volume.uuid().toString()).resolve("log");
        rig.crash();
        flipBlock(log, 9);
        assertThatThrownBy(() -> new VolumeRig(store, cache))
                .isInstanceOf(VolumeException.class)
                .hasMessageContaining("damaged")
                .hasMessageContaining("--accept-data-loss");
        try (VolumeRig next = new VolumeRig(VolumeRig.context(store, cache).acceptDataLoss(true))) {
            assertThat(next.read(8 * 4096L, 4096)).containsOnly(9);
            assertThat(next.read(9 * 4096L, 4096)).containsOnly(0);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 4096})
    void damageToOneSuperblockChangesNothing(final long place) throws Exception {
        final byte[] data = filled(4096, 1);
        Path log = null;
        for (int epoch = 0; epoch < 2; epoch++) {
            final VolumeRig rig = new VolumeRig(VolumeRig.context(store, cache).destageDelayNs(Long.MAX_VALUE / 2));
            rig.write(epoch * 4096L, data);
            rig.flush();
            log = cache.resolve(rig.volume.uuid().toString()).resolve("log");
            rig.crash();
        }
        flip(log, place + 50);
        try (VolumeRig next = new VolumeRig(store, cache)) {
            assertThat(next.read(0, 4096)).isEqualTo(data);
            assertThat(next.read(4096, 4096)).isEqualTo(data);
        }
    }

    @Test
    void damageIsFoundThoughTheFlushCameMoreThanAWindowLater() throws Exception {
        final VolumeRig rig = new VolumeRig(VolumeRig.context(store, cache).destageDelayNs(Long.MAX_VALUE / 2));
        rig.write(0, filled(4096, 1));
        store.away(true);
        for (int i = 1; i < 16; i++) {
            rig.write((long) i << 20, filled(1 << 20, 2));
        }
        rig.flush();
        rig.write(4096, filled(4096, 3));
        final Path log = cache.resolve(rig.volume.uuid().toString()).resolve("log");
        rig.crash();
        store.away(false);
        flipBlock(log, 0);
        assertThatThrownBy(() -> new VolumeRig(store, cache))
                .isInstanceOf(VolumeException.class)
                .hasMessageContaining("damaged")
                .hasMessageContaining("--accept-data-loss");
    }

    @Test
    void damageToARecordThatIsStoredHidesNothingBehindIt() throws Exception {
        final VolumeRig rig = new VolumeRig(VolumeRig.context(store, cache).destageDelayNs(Long.MAX_VALUE / 2));
        rig.write(0, filled(4096, 1));
        int written = 1;
        while (rig.volume.stats().objectsPut() == 0) {
            rig.write(((written++ % 15) + 1L) << 20, filled(1 << 20, 2));
            final long next = System.nanoTime() + 100_000_000;
            rig.await(() -> System.nanoTime() > next || rig.volume.stats().objectsPut() > 0);
        }
        rig.flush();
        rig.write(4096, filled(4096, 3));
        rig.flush();
        rig.write(8192, filled(4096, 4));
        final Path log = cache.resolve(rig.volume.uuid().toString()).resolve("log");
        rig.crash();
        flipBlock(log, 0);
        try (VolumeRig next = new VolumeRig(store, cache)) {
            assertThat(next.read(0, 4096)).containsOnly(1);
            assertThat(next.read(4096, 4096)).containsOnly(3);
            assertThat(next.read(8192, 4096)).containsOnly(4);
        }
    }

    @Test
    void aFlippedBitInAnObjectFailsTheReadAndNamesIt() throws Exception {
        try (VolumeRig rig = new VolumeRig(store, cache)) {
            rig.write(0, filled(1 << 20, 6));
        }
        final StoredObject largest = store.list("volumes/").get().stream()
                .max(java.util.Comparator.comparingLong(StoredObject::length))
                .orElseThrow();
        flip(directory.resolve("store").resolve(largest.key()), largest.length() - 100);
        try (VolumeRig rig = new VolumeRig(store, directory.resolve("another-cache"))) {
            rig.read(0, 4096);
            rig.submitRead(0, (1 << 20) - 4096, 4096);
            rig.await(() -> rig.outstanding() == 0);
            assertThat(rig.takeFailed()).isEqualTo(1);
        }
    }

    private static void mutate(final VolumeRig rig, final byte[] model, final Random random) {
        final int lane = SIZE / 16;
        for (int i = 0; i < 16; i++) {
            final int unit = random.nextInt(3) == 0 ? 512 : 4096;
            final int longest = random.nextInt(8) == 0 ? 512 << 10 : 16 << 10;
            final int length = unit * (1 + random.nextInt(longest / unit));
            final int offset = i * lane + unit * random.nextInt((lane - length) / unit);
            if (random.nextInt(5) == 0) {
                Arrays.fill(model, offset, offset + length, (byte) 0);
                rig.submitDiscard(offset, length);
            } else {
                final byte[] data = new byte[length];
                random.nextBytes(data);
                System.arraycopy(data, 0, model, offset, length);
                rig.submitWrite(i, offset, data);
            }
        }
        rig.awaitAll();
    }

    private static void verifySome(final VolumeRig rig, final byte[] model, final Random random) {
        final int length = 512 * (1 + random.nextInt(512));
        final int offset = 512 * random.nextInt((SIZE - length) / 512);
        assertSame(rig.read(offset, length), model, offset);
    }

    private static void verifyAll(final VolumeRig rig, final byte[] model) {
        for (int offset = 0; offset < SIZE; offset += 1 << 20) {
            assertSame(rig.read(offset, 1 << 20), model, offset);
        }
    }

    private static void assertSame(final byte[] seen, final byte[] model, final int offset) {
        final int at = Arrays.mismatch(seen, 0, seen.length, model, offset, offset + seen.length);
        assertThat(at).as("first byte that differs, from " + offset).isEqualTo(-1);
    }

    private static byte[] filled(final int length, final int value) {
        final byte[] data = new byte[length];
        Arrays.fill(data, (byte) value);
        return data;
    }

    /** Flips a bit in every block of the log file that is filled as write number {@code index} was. */
    private static void flipBlock(final Path log, final int index) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(log.toFile(), "rw")) {
            final byte[] block = new byte[4096];
            final byte[] wanted = filled(4096, index + 1);
            for (long at = 8192; at < 1 << 20; at += 4096) {
                file.seek(at);
                file.readFully(block);
                if (Arrays.equals(block, wanted)) {
                    file.seek(at);
                    file.write(~block[0]);
                    return;
                }
            }
        }
        throw new AssertionError("write " + index + " is not in the log");
    }

    private static void flip(final Path path, final long at) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
            file.seek(at);
            final int value = file.read();
            file.seek(at);
            file.write(value ^ 1);
        }
    }
}

package io.varve.lsvd.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.history.Epochs;
import io.varve.lsvd.map.Location;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class ReadCacheTest {
    private static final int LINES = 100;
    private static final long SIZE = 4096L * 6 + LINES * (long) CacheLine.LENGTH;
    private static final long PAUSE_NS = TimeUnit.SECONDS.toNanos(10);

    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private final MemoryCacheFile file = new MemoryCacheFile();

    @Test
    void holdsWhatItCanAndKeepsItOverARestart() throws IOException {
        try (CacheRig rig = new CacheRig(file, SIZE)) {
            for (int i = 0; i < LINES; i++) {
                rig.put(5, i);
            }
            assertThat(rig.cache.stats().usedBytes()).isEqualTo((long) LINES * CacheLine.LENGTH);
            assertThat(rig.cache.stats().capacityBytes()).isEqualTo((long) LINES * CacheLine.LENGTH);
            assertThat(rig.cache.stats().evictions()).isZero();
            assertThat(rig.volume.cachedBytes()).isEqualTo((long) LINES * CacheLine.LENGTH);
            assertThat(rig.reads(6, 0)).isFalse();
        }
        try (CacheRig rig = new CacheRig(file, SIZE)) {
            for (int i = 0; i < LINES; i++) {
                assertThat(rig.reads(5, i)).isTrue();
            }
            assertThat(rig.volume.cachedBytes()).isEqualTo((long) LINES * CacheLine.LENGTH);
        }
    }

    @Test
    void losesNoRoomToErrorsThatNobodyForesaw() throws IOException {
        try (CacheRig rig = new CacheRig(file, SIZE)) {
            file.surprise = new IllegalStateException("strange");
            for (int i = 0; i < 2 * LINES; i++) {
                final int line = i;
                assertThatThrownBy(() -> rig.put(5, line)).isSameAs(file.surprise);
            }
            file.surprise = null;
            for (int i = 0; i < LINES; i++) {
                rig.put(5, i);
                assertThat(rig.reads(5, i)).isTrue();
            }
            assertThat(rig.cache.stats().usedBytes()).isEqualTo((long) LINES * CacheLine.LENGTH);
        }
    }

    @Test
    void aScanGoesThroughWithoutDrivingOutWhatIsReadAgain() throws IOException {
        try (CacheRig rig = new CacheRig(file, SIZE)) {
            final int hot = LINES / 2;
            for (int i = 0; i < hot; i++) {
                rig.put(5, i);
                rig.reads(5, i);
                rig.reads(5, i);
            }
            for (int i = 0; i < 20 * LINES; i++) {
                rig.put(7, i);
                for (int block = 0; block < CacheLine.BLOCKS; block++) {
                    rig.reads(rig.volume, Location.inObject(7, i * CacheLine.BLOCKS + block), 1, 0);
                }
            }
            for (int i = 0; i < hot; i++) {
                assertThat(rig.reads(5, i)).as("line " + i).isTrue();
            }
        }
    }

    @Test
    void whatComesBackSoonStays() throws IOException {
        try (CacheRig rig = new CacheRig(file, SIZE)) {
            for (int i = 0; i < LINES + LINES / 2; i++) {
                rig.put(5, i);
            }
            assertThat(rig.reads(5, 0)).isFalse();
            rig.put(5, 0);
            for (int i = 0; i < LINES; i++) {
                rig.put(7, i);
            }
            assertThat(rig.reads(5, 0)).isTrue();
        }
    }

    @Test
    void linesOfOtherStoresVolumesEpochsAndWritersAreOthers() throws IOException {
        try (CacheRig rig = new CacheRig(file, SIZE)) {
            rig.put(5, 0);
            final long location = Location.inObject(5, 0);
            assertThat(rig.reads(rig.volume("file:///store", CacheRig.EPOCHS), location, 16, 0))
                    .isTrue();
            assertThat(rig.reads(rig.volume("file:///other", CacheRig.EPOCHS), location, 16, 0))
                    .isFalse();
            for (final Epochs.Entry other : new Epochs.Entry[] {
                new Epochs.Entry(new UUID(1, 9), 1, 1, new UUID(7, 2)),
                new Epochs.Entry(new UUID(1, 1), 2, 1, new UUID(7, 2)),
                new Epochs.Entry(new UUID(1, 1), 1, 1, new UUID(7, 9))
            }) {
                final VolumeCache volume = rig.volume("file:///store", Epochs.NONE.with(other));
                assertThat(rig.reads(volume, location, 16, 0))
                        .as(other.toString())
                        .isFalse();
                assertThat(rig.reads(volume, Location.inObject(0, 0), 16, 0)).isFalse();
            }
        }
    }

    @Test
    void aShortLastLineIsFoundAsFarAsItGoes() throws IOException {
        try (CacheRig rig = new CacheRig(file, SIZE)) {
            final long location = Location.inObject(5, 32);
            assertThat(rig.offer(location, 3, 0)).isTrue();
            rig.work();
            assertThat(rig.reads(rig.volume, location + 2, 1, 0)).isTrue();
            assertThat(rig.volume.find(location + 3)).isFalse();
        }
    }

    @Test
    void damageIsFoundAndTheLineIsTakenInAgain() throws IOException {
        try (CacheRig rig = new CacheRig(file, SIZE)) {
            rig.put(5, 0);
            rig.put(5, 1);
            file.current[file.current.length - LINES * CacheLine.LENGTH + 5000] ^= 1;
            assertThat(rig.reads(5, 0)).isFalse();
            assertThat(rig.volume.find(Location.inObject(5, 0))).isFalse();
            assertThat(rig.volume.volumeStats().damaged()).isEqualTo(1);
            assertThat(rig.reads(5, 1)).isTrue();
            rig.put(5, 0);
            assertThat(rig.reads(5, 0)).isTrue();
        }
    }

    @Test
    void anErrorWhileReadingIsAMiss() throws IOException {
        try (CacheRig rig = new CacheRig(file, SIZE)) {
            rig.put(5, 0);
            file.failsReads = true;
            assertThat(rig.reads(5, 0)).isFalse();
        }
    }

    @Test
    void whatIsGivenUpWhileItIsReadIsAMiss() throws IOException {
        try (CacheRig rig = new CacheRig(file, SIZE)) {
            rig.put(5, 0);
            final long location = Location.inObject(5, 0);
            assertThat(rig.volume.find(location)).isTrue();
            final int slot = rig.volume.slot();
            final long version = rig.volume.version();
            for (int i = 1; i < 3 * LINES; i++) {
                rig.put(5, i);
            }
            assertThat(rig.cache.table().isStill(slot, version)).isFalse();
            assertThat(rig.reads(5, 0)).isFalse();
        }
    }

    @Test
    void aFailingWriteOrSyncStopsItForAWhileOnly() throws IOException {
        try (CacheRig rig = new CacheRig(file, SIZE)) {
            rig.put(5, 0);
            file.failsWrites = true;
            rig.put(5, 1);
            assertThat(rig.cache.stats().trouble()).isEqualTo("on purpose");
            final int writes = file.writes;
            rig.put(5, 2);
            assertThat(file.writes).isEqualTo(writes);
            assertThat(rig.cache.stats().dropped()).isEqualTo(2);
            assertThat(rig.reads(5, 0)).isTrue();
            file.failsWrites = false;
            rig.time.nowNs += PAUSE_NS;
            rig.put(5, 3);
            assertThat(rig.cache.stats().trouble()).isNull();
            assertThat(rig.reads(5, 3)).isTrue();

            rig.put(5, 4);
            file.failsSyncs = true;
            rig.time.nowNs += PAUSE_NS;
            rig.work();
            assertThat(rig.cache.stats().trouble()).isEqualTo("on purpose");
            file.failsSyncs = false;
            rig.time.nowNs += PAUSE_NS;
            rig.work();
            assertThat(rig.cache.stats().trouble()).isNull();
        }
        try (CacheRig rig = new CacheRig(file, SIZE)) {
            assertThat(rig.reads(5, 0)).isTrue();
            assertThat(rig.reads(5, 3)).isTrue();
            assertThat(rig.reads(5, 1)).isFalse();
        }
    }

    @Test
    void noSlotIsUsedAgainBeforeTheIndexHasDurablyForgottenIt() throws IOException {
        try (CacheRig rig = new CacheRig(file, SIZE)) {
            for (int i = 0; i < LINES; i++) {
                rig.put(5, i);
            }
            file.failsSyncs = true;
            for (int i = LINES; i < 2 * LINES; i++) {
                rig.put(5, i);
                rig.time.nowNs += PAUSE_NS;
            }
            assertThat(rig.cache.stats().fills()).isEqualTo(LINES);
            file.failsSyncs = false;
            rig.put(5, 2 * LINES);
            assertThat(rig.reads(5, 2 * LINES)).isTrue();
        }
    }

    @Test
    void takesLessWhereTheDiskHasLittleRoomAndKeepsThat() throws IOException {
        file.room = 2 << 20;
        try (CacheRig rig = new CacheRig(file, 8 << 20)) {
            assertThat(rig.cache.stats().capacityBytes()).isBetween(1L << 20, 2L << 20);
            rig.put(5, 0);
        }
        assertThat(file.length()).isLessThanOrEqualTo(2 << 20);
        file.room = 3 << 20;
        try (CacheRig rig = new CacheRig(file, 8 << 20)) {
            assertThat(rig.reads(5, 0)).isTrue();
        }
        file.room = 1 << 19;
        assertThatThrownBy(() -> new CacheRig(file, 9 << 20)).hasMessage("there is no room for it on the disk");
    }

    @Test
    void whatIsNotItsFormatOrSizeIsMadeAnew() throws IOException {
        for (final int offset : new int[] {0, 4, 8, 12, 16, 24, 32}) {
            try (CacheRig rig = new CacheRig(file, SIZE)) {
                rig.put(5, 0);
            }
            file.current[offset]++;
            expectEmpty(SIZE);
        }
        try (CacheRig rig = new CacheRig(file, SIZE)) {
            rig.put(5, 0);
        }
        expectEmpty(SIZE + CacheLine.LENGTH);
        try (CacheRig rig = new CacheRig(file, SIZE)) {
            rig.put(5, 0);
        }
        file.current = Arrays.copyOf(file.current, file.current.length - 1);
        expectEmpty(SIZE);
    }

    private void expectEmpty(final long size) throws IOException {
        try (CacheRig rig = new CacheRig(file, size)) {
            assertThat(rig.cache.stats().usedBytes()).isZero();
            assertThat(rig.reads(5, 0)).isFalse();
            rig.put(5, 0);
            assertThat(rig.reads(5, 0)).isTrue();
        }
    }

    @Test
    void damagedEntriesOfTheIndexAreForgotten() throws IOException {
        try (CacheRig rig = new CacheRig(file, SIZE)) {
            for (int i = 0; i < LINES; i++) {
                rig.put(5, i);
            }
        }
        for (int entry = 0; entry < LINES; entry += 2) {
            file.current[4096 + entry * CacheTable.ENTRY_LENGTH + entry] ^= 8;
        }
        // An entry that has strayed to another place of the index is valid in itself.
        System.arraycopy(file.current, 4096 + 128, file.current, 4096, 128);
        try (CacheRig rig = new CacheRig(file, SIZE)) {
            assertThat(rig.cache.stats().usedBytes()).isEqualTo((long) LINES / 2 * CacheLine.LENGTH);
            for (int i = 0; i < LINES; i++) {
                assertThat(rig.reads(5, i)).isEqualTo(i % 2 == 1);
            }
            assertThat(rig.volume.volumeStats().damaged()).isZero();
            for (int i = 0; i < LINES; i++) {
                rig.put(5, i);
                assertThat(rig.reads(5, i)).isTrue();
            }
        }
    }

    @Test
    void anIndexThatCannotBeReadIsTold() throws IOException {
        new CacheRig(file, SIZE).close();
        file.failsReads = true;
        assertThatThrownBy(() -> new CacheRig(file, SIZE)).hasMessage("on purpose");
    }

    @Test
    void othersThanReactorsAreGivenAllThatTheyAskForOrNothing() throws IOException {
        try (CacheRig rig = new CacheRig(file, SIZE)) {
            rig.put(5, 0);
            rig.put(5, 1);
            rig.offer(Location.inObject(5, 32), 3, 0);
            rig.put(5, 7);
            for (final int[] range : new int[][] {{0, 35}, {5, 1}, {15, 2}, {33, 2}, {112, 16}}) {
                assertThat(rig.copies(5, range[0], range[1])).isTrue();
            }
            for (final int[] range : new int[][] {{0, 36}, {35, 1}, {111, 2}, {127, 2}, {64, 1}}) {
                assertThat(rig.copies(5, range[0], range[1])).isFalse();
            }
            assertThat(rig.volume.volumeStats()).isEqualTo(VolumeCacheStats.NONE);
            file.current[file.current.length - LINES * CacheLine.LENGTH + 5000] ^= 1;
            assertThat(rig.copies(5, 0, 1)).isTrue();
            assertThat(rig.copies(5, 0, 2)).isFalse();
            file.failsReads = true;
            assertThat(rig.copies(5, 0, 1)).isFalse();
        }
    }

    @Test
    void moreLinesAtOnceThanThereAreSlotsFillThoseThatThereAre() throws IOException {
        try (CacheRig rig = new CacheRig(file, ReadCache.MIN_SIZE)) {
            final long slots = rig.cache.stats().capacityBytes() / CacheLine.LENGTH;
            for (int i = 0; i < 50; i++) {
                rig.offer(Location.inObject(5, i * CacheLine.BLOCKS), CacheLine.BLOCKS, 0);
            }
            rig.work();
            assertThat(slots).isLessThan(16);
            assertThat(rig.cache.stats().usedBytes()).isEqualTo(slots * CacheLine.LENGTH);
            assertThat(rig.cache.stats().fills() + rig.cache.stats().dropped()).isEqualTo(50);
            assertThat(rig.reads(5, 0)).isFalse();
            assertThat(rig.reads(5, 49)).isTrue();
        }
    }

    @Test
    void linesThatNobodyCanCarryAreRefused() throws IOException {
        try (CacheRig rig = new CacheRig(file, SIZE)) {
            int taken = 0;
            while (rig.offer(Location.inObject(5, taken * CacheLine.BLOCKS), CacheLine.BLOCKS, 0)) {
                taken++;
            }
            assertThat(taken).isEqualTo(256);
            rig.work();
            assertThat(rig.offer(Location.inObject(5, 0), CacheLine.BLOCKS, 0)).isTrue();
        }
    }

    /**
     * Lines come and are read and given up, syncs and writes fail. After every crash, whatever the index names has to stand in its
     * slot, not by grace of a checksum.
     */
    @Test
    void theIndexNamesNothingThatIsNotThereThroughAnyCrash() throws IOException {
        for (long seed = 1; seed <= 100; seed++) {
            final Random random = new Random(seed);
            final MemoryCacheFile disk = new MemoryCacheFile();
            final long size = 4096L * 3 + (16 + random.nextInt(60)) * (long) CacheLine.LENGTH;
            for (int life = 0; life < 4; life++) {
                final CacheRig rig = new CacheRig(disk, size);
                expectTruth(rig, disk, seed);
                final int steps = random.nextInt(400);
                for (int i = 0; i < steps; i++) {
                    final long sequence = 1 + random.nextInt(3) * 700;
                    final int line = random.nextInt(60);
                    final long location = Location.inObject(sequence, line * CacheLine.BLOCKS);
                    disk.failsWrites = random.nextInt(50) == 0;
                    disk.failsSyncs = random.nextInt(20) == 0;
                    if (random.nextBoolean()) {
                        rig.reads(sequence, line);
                    } else if (rig.offer(location, CacheLine.BLOCKS, 0) && random.nextInt(3) == 0) {
                        rig.work();
                    }
                    rig.time.nowNs += random.nextInt(10) == 0 ? PAUSE_NS : 1000;
                }
                disk.failsWrites = false;
                disk.failsSyncs = false;
                switch (random.nextInt(3)) {
                    case 0 -> rig.close();
                    case 1 -> rig.crash();
                    default -> {
                        rig.crash();
                        disk.losePower(random);
                    }
                }
            }
        }
    }

    private static void expectTruth(final CacheRig rig, final MemoryCacheFile disk, final long seed) {
        final CacheTable table = rig.cache.table();
        for (int slot = 0; slot < rig.cache.geometry().slots(); slot++) {
            if (table.isHeld(slot)) {
                final long first = table.line(slot) << 4;
                final int at = (int) rig.cache.geometry().slotOffset(slot);
                for (int i = 0; i < CacheLine.LENGTH; i += Long.BYTES) {
                    if ((long) LONG.get(disk.current, at + i) != (first + i / Blocks.SIZE) * 31 + i % Blocks.SIZE) {
                        throw new AssertionError("seed " + seed + ", slot " + slot + ": something else stands there");
                    }
                }
            }
        }
    }
}

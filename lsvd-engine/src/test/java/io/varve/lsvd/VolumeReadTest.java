package io.varve.lsvd;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.lsvd.format.Superblock;
import io.varve.lsvd.store.DirectoryStore;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Reads go on with whatever good copy there is, and wait for nothing that they don't need. */
class VolumeReadTest {
    private static final long NEVER = Long.MAX_VALUE / 2;
    private static final int MIB = 1 << 20;
    private static final int READS_THAT_WAIT = 14;

    @TempDir
    Path directory;

    private FlakyStore store;
    private Path cache;

    @BeforeEach
    void makeVolume() throws Exception {
        store = new FlakyStore(DirectoryStore.open(directory.resolve("store"), true));
        cache = directory.resolve("cache");
        new VolumeCatalog(store).create("disk", 64 << 20);
    }

    @AfterEach
    void closeStore() {
        store.close();
    }

    @Test
    void readsOfTheLogAndPartialWritesGoOnWhileOthersWaitForTheStore() throws Exception {
        try (VolumeRig rig = new VolumeRig(store, cache)) {
            fill(rig, 0, READS_THAT_WAIT, 1);
        }
        try (VolumeRig rig = new VolumeRig(VolumeRig.context(store, cache).destageDelayNs(NEVER))) {
            store.away(true);
            fill(rig, 32, 12, 2);
            for (int i = 0; i < READS_THAT_WAIT; i++) {
                rig.submitRead(i, (long) i * MIB, MIB);
            }
            rig.turnFor(50);
            assertThat(rig.outstanding()).isEqualTo(READS_THAT_WAIT);
            rig.submitRead(15, 32L * MIB, MIB);
            rig.await(() -> rig.outstanding() == READS_THAT_WAIT);
            assertThat(rig.taken(15, MIB)).containsOnly(2);
            rig.submitWrite(14, 33L * MIB + 512, filled(512, 3));
            rig.await(() -> rig.outstanding() == READS_THAT_WAIT);
            store.away(false);
            rig.awaitAll();
            assertThat(rig.taken(0, MIB)).containsOnly(1);
            assertThat(rig.read(33L * MIB, 512)).containsOnly(2);
            assertThat(rig.read(33L * MIB + 512, 512)).containsOnly(3);
        }
    }

    @Test
    void whatIsDamagedInTheLogIsReadFromTheStore() throws Exception {
        try (VolumeRig rig = new VolumeRig(store, cache)) {
            fill(rig, 0, 12, 1);
            rig.await(rig.volume::isStored);
            rig.turnFor(200);
            damage(rig, 100);
            final long fetches = rig.volume.stats().fetches();
            assertThat(rig.read(0, MIB)).containsOnly(1);
            assertThat(rig.read(1234L * 512, 4096)).containsOnly(1);
            rig.turnFor(200);
            assertThat(rig.volume.stats().fetches()).isGreaterThan(fetches);
        }
    }

    @Test
    void whatIsDamagedInTheLogAndNowhereElseFailsAloneAndOnlyWhenItIsRead() throws Exception {
        final VolumeRig rig = new VolumeRig(VolumeRig.context(store, cache).destageDelayNs(NEVER));
        store.away(true);
        fill(rig, 0, 12, 1);
        damage(rig, 100);
        rig.submitRead(0, 0, MIB);
        rig.await(() -> rig.outstanding() == 0);
        assertThat(rig.takeFailed()).isEqualTo(1);
        assertThat(rig.read(2L * MIB, MIB)).containsOnly(1);
        assertThat(rig.volume.failure()).isNull();
        rig.crash();
    }

    private static void fill(final VolumeRig rig, final int firstMib, final int count, final int value) {
        for (int i = 0; i < count; i++) {
            rig.write((long) (firstMib + i) * MIB, filled(MIB, value));
        }
    }

    private static byte[] filled(final int length, final int value) {
        final byte[] data = new byte[length];
        Arrays.fill(data, (byte) value);
        return data;
    }

    /** Flips a bit in a block of the log area, which holds data of the first record. */
    private void damage(final VolumeRig rig, final int block) throws IOException {
        final Path log = cache.resolve(rig.volume.uuid().toString()).resolve("log");
        try (RandomAccessFile file = new RandomAccessFile(log.toFile(), "rw")) {
            file.seek(Superblock.AREA_OFFSET + block * 4096L + 77);
            final int value = file.read();
            file.seek(Superblock.AREA_OFFSET + block * 4096L + 77);
            file.write(value ^ 4);
            file.getFD().sync();
        }
    }
}

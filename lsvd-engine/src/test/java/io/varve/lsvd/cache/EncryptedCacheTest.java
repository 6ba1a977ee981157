package io.varve.lsvd.cache;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.lsvd.crypto.DataKey;
import io.varve.lsvd.crypto.SectorKey;
import io.varve.lsvd.crypto.VolumeKeys;
import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.map.Location;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A cache of volumes that are encrypted, and of some that are not. */
class EncryptedCacheTest {
    private static final String URL = "file:///store";
    private static final long SIZE = 4096L * 6 + 100L * CacheLine.LENGTH;

    /** As in the rig: an ancestor up to sequence 999, and its clone. */
    private static final UUID ANCESTOR = new UUID(1, 1);

    private static final UUID CLONE = new UUID(1, 2);

    private final MemoryCacheFile file = new MemoryCacheFile();
    private final VolumeKeys keys = new VolumeKeys(CLONE, Map.of(CLONE, DataKey.random(), ANCESTOR, DataKey.random()));

    @AfterEach
    void close() {
        keys.close();
    }

    private CacheRig rig() throws IOException {
        final CacheRig rig = new CacheRig(file, SIZE);
        rig.volume = rig.volume(URL, CacheRig.EPOCHS, CacheKeys.of(keys, rig.cache));
        return rig;
    }

    @Test
    void whatIsPutInIsReadBackAlsoAfterARestart() throws IOException {
        try (CacheRig rig = rig()) {
            rig.put(5, 3);
            rig.put(1005, 4);
            rig.offer(Location.inObject(1006, 0), 5, 0);
            rig.work();
        }
        try (CacheRig rig = rig()) {
            assertThat(rig.reads(5, 3)).isTrue();
            assertThat(rig.reads(1005, 4)).isTrue();
            assertThat(rig.reads(rig.volume, Location.inObject(1006, 2), 3, 0)).isTrue();
            assertThat(rig.copies(5, 3 * CacheLine.BLOCKS + 1, 7)).isTrue();
            assertThat(rig.copies(1005, 4 * CacheLine.BLOCKS, 16)).isTrue();
            assertThat(rig.volume.volumeStats().damaged()).isZero();
        }
    }

    @Test
    void neitherDataNorItsChecksumsAreInTheFile() throws IOException {
        try (CacheRig rig = rig()) {
            for (int line = 0; line < 20; line++) {
                rig.put(5, line);
                rig.put(1005, line);
            }
        }
        final String all = new String(file.current, StandardCharsets.ISO_8859_1);
        for (final long sequence : new long[] {5, 1005}) {
            for (int block = 0; block < 20 * CacheLine.BLOCKS; block++) {
                final byte[] plain = CacheRig.block(Location.inObject(sequence, block), 0);
                assertThat(all.contains(text(plain, 0, 16))).isFalse();
                final CRC32C crc = new CRC32C();
                crc.update(plain);
                final byte[] sum = ByteBuffer.allocate(Integer.BYTES)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putInt((int) crc.getValue())
                        .array();
                assertThat(all.substring(0, 4096 * 6).contains(text(sum, 0, sum.length)))
                        .isFalse();
            }
        }
    }

    private static String text(final byte[] bytes, final int from, final int length) {
        return new String(bytes, from, length, StandardCharsets.ISO_8859_1);
    }

    /** The ancestor itself, another clone of it, and the clone have its lines in common. */
    @Test
    void clonesShareTheLinesOfTheirAncestor() throws IOException {
        try (CacheRig rig = rig();
                VolumeKeys own = new VolumeKeys(
                        ANCESTOR, Map.of(ANCESTOR, keys.of(ANCESTOR).copy()))) {
            rig.put(5, 3);
            final VolumeCache ancestor = rig.volume(
                    URL, CacheRig.EPOCHS.only(epoch -> epoch.volume().equals(ANCESTOR)), CacheKeys.of(own, rig.cache));
            assertThat(rig.reads(ancestor, Location.inObject(5, 3 * CacheLine.BLOCKS), 16, 0))
                    .isTrue();
        }
    }

    /** A volume that is not encrypted has its lines as ever; encrypted ones are never taken for plain ones. */
    @Test
    void plainAndEncryptedLinesAreToldApart() throws IOException {
        try (CacheRig rig = rig()) {
            rig.put(5, 3);
            final VolumeCache plain = rig.volume(URL, CacheRig.EPOCHS);
            final long location = Location.inObject(5, 3 * CacheLine.BLOCKS);
            assertThat(rig.reads(plain, location, 16, 0)).isFalse();
            rig.volume = plain;
            rig.put(5, 3);
            assertThat(rig.reads(plain, location, 16, 0)).isTrue();
            rig.volume = rig.volume(URL, CacheRig.EPOCHS, CacheKeys.of(keys, rig.cache));
            assertThat(rig.reads(5, 3)).isTrue();
        }
    }

    @Test
    void damageIsFoundAsEver() throws IOException {
        try (CacheRig rig = rig()) {
            rig.put(5, 0);
            file.current[file.current.length - 100 * CacheLine.LENGTH + 5 * Blocks.SIZE] ^= 1;
            assertThat(rig.reads(5, 0)).isFalse();
            assertThat(rig.volume.volumeStats().damaged()).isEqualTo(1);
        }
    }

    /** A file that is made anew has another salt, and what was copied out of the old one is noise. */
    @Test
    void anotherFileHasOtherKeys() throws IOException {
        final byte[] salt;
        try (CacheRig rig = rig()) {
            salt = rig.cache.salt();
            assertThat(salt).hasSize(SectorKey.SALT_LENGTH);
        }
        try (CacheRig rig = rig()) {
            assertThat(rig.cache.salt()).isEqualTo(salt);
        }
        try (CacheRig rig = new CacheRig(file, SIZE + CacheLine.LENGTH)) {
            assertThat(rig.cache.salt()).isNotEqualTo(salt);
        }
    }
}

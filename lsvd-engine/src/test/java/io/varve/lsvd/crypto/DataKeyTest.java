package io.varve.lsvd.crypto;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.lsvd.format.ObjectIdentity;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HexFormat;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class DataKeyTest {
    private static final HexFormat HEX = HexFormat.of();
    private static final UUID VOLUME = UUID.fromString("00112233-4455-6677-8899-aabbccddeeff");

    /** Test cases 1 and 2 of RFC 5869. */
    @Test
    void derivesAsTheStandardDoes() {
        assertThat(HEX.formatHex(Hkdf.derive(
                        HEX.parseHex("0b".repeat(22)),
                        HEX.parseHex("000102030405060708090a0b0c"),
                        HEX.parseHex("f0f1f2f3f4f5f6f7f8f9"),
                        42)))
                .isEqualTo("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
        assertThat(HEX.formatHex(Hkdf.derive(range(0, 0x50), range(0x60, 0x50), range(0xb0, 0x50), 82)))
                .isEqualTo("b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c"
                        + "59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71"
                        + "cc30c58179ec3e87c14c01d5c1f3434f1d87");
    }

    /** The bytes are those of another implementation, by what {@code docs/keys.md} says. */
    @Test
    void keysOfLogAndCacheAreThoseOfTheDocument() {
        try (DataKey key = DataKey.take(range(0, DataKey.LENGTH))) {
            assertThat(firstOfSector9(key.logKey(VOLUME, range(0, SectorKey.SALT_LENGTH))))
                    .isEqualTo("64d2c60638fc09cea4ff15caa94f5290");
            assertThat(firstOfSector9(key.cacheKey(VOLUME, range(0, SectorKey.SALT_LENGTH))))
                    .isEqualTo("1a24cd51b859f7619bbea9a8f3eb8466");
        }
    }

    private static String firstOfSector9(final SectorKey key) {
        final MemorySegment memory = Arena.ofAuto().allocate(SectorCipher.SECTOR, 8);
        key.cipher().encrypt(9, memory.address(), memory.address(), SectorCipher.SECTOR);
        key.close();
        return HEX.formatHex(memory.asSlice(0, 16).toArray(ValueLayout.JAVA_BYTE));
    }

    @Test
    void isDrawnAnew() {
        try (DataKey one = DataKey.random();
                DataKey other = DataKey.random();
                DataKey same = one.copy()) {
            assertThat(one.bytes()).hasSize(32).isNotEqualTo(other.bytes()).isEqualTo(same.bytes());
            assertThat(one).asString().isEqualTo("a data key");
        }
    }

    @Test
    void wipesWhatItIsMadeOf() {
        final byte[] bytes = range(1, DataKey.LENGTH);
        DataKey.take(bytes).close();
        assertThat(bytes).containsOnly(0);
        final byte[] tooShort = range(1, 31);
        assertThatThrownBy(() -> DataKey.take(tooShort))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("a data key has 32 bytes, not 31");
        assertThat(tooShort).containsOnly(0);
    }

    @Test
    void isNotUsedOnceItIsClosed() {
        final DataKey key = DataKey.random();
        key.close();
        key.close();
        assertThatThrownBy(key::bytes).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void saltsHaveTheirLength() {
        try (DataKey key = DataKey.random()) {
            assertThatThrownBy(() -> key.logKey(VOLUME, new byte[16])).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() ->
                            key.objectKey(new ObjectIdentity(VOLUME, 1, 2, VOLUME, 0), new byte[SectorKey.SALT_LENGTH]))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    static byte[] range(final int first, final int length) {
        final byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) (first + i);
        }
        return bytes;
    }
}

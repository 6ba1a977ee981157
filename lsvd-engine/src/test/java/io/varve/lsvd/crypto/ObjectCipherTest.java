package io.varve.lsvd.crypto;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.lsvd.format.FormatException;
import io.varve.lsvd.format.ObjectIdentity;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HexFormat;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ObjectCipherTest {
    private static final UUID VOLUME = UUID.fromString("00112233-4455-6677-8899-aabbccddeeff");
    private static final UUID NONCE = UUID.fromString("0f0e0d0c-0b0a-0908-0706-050403020100");
    private static final ObjectIdentity IDENTITY = new ObjectIdentity(VOLUME, 3, 76, NONCE, 2);

    private final DataKey key = DataKey.take(bytes(0, DataKey.LENGTH));
    private final byte[] salt = bytes(100, DataKey.OBJECT_SALT_LENGTH);
    private final ObjectCipher cipher = new ObjectCipher();
    private final MemorySegment plain = memory(1000);
    private final MemorySegment stored = memory(1016);
    private final MemorySegment header = memory(4096);

    ObjectCipherTest() {
        for (int i = 0; i < plain.byteSize(); i++) {
            plain.set(ValueLayout.JAVA_BYTE, i, (byte) (i * 3));
        }
        for (int i = 0; i < header.byteSize(); i++) {
            header.set(ValueLayout.JAVA_BYTE, i, (byte) i);
        }
    }

    @AfterEach
    void close() {
        cipher.close();
        key.close();
    }

    /** Test cases 13 and 14 of the paper that NIST SP 800-38D is made of: AES-256, all of it zeros. */
    @Test
    void isThatOfTheStandard() {
        cipher.begin(new byte[32]);
        final MemorySegment out = memory(32);
        assertThat(cipher.encryptFrame(0, memory(0), out)).isEqualTo(16);
        assertThat(hex(out.asSlice(0, 16))).isEqualTo("530f8afbc74536b9a963b4f1c4cb738b");
        cipher.begin(new byte[32]);
        // The nonce that the first frame of an object has: it can be used again by another cipher only.
        try (ObjectCipher other = new ObjectCipher()) {
            other.begin(new byte[32]);
            assertThat(other.encryptFrame(0, memory(16), out)).isEqualTo(32);
        }
        assertThat(hex(out)).isEqualTo("cea7403d4d606b6e074ec5d3baf39d18" + "d0d1c8a799996bf0265b98b5d48ab919");
    }

    /** The sums are those of another implementation, by what {@code docs/keys.md} says. */
    @Test
    void isThatOfTheDocument() throws Exception {
        assertThat(HexFormat.of().formatHex(key.objectKey(IDENTITY, salt)))
                .isEqualTo("0b00afcb79cfbd6e1c43e3a68b79941ca742cb12881fdc6b6143dfd5251a0017");
        cipher.begin(key, IDENTITY, salt);
        assertThat(cipher.encryptFrame(5, plain, stored)).isEqualTo(1016);
        assertThat(SectorCipherTest.sum(stored))
                .isEqualTo("6ffb8bca0f4a50c3a29bbec289dd0a7db9ee0069de5f61fc8b1c20f75f9459bd");
        assertThat(cipher.encryptTable(header.asSlice(0, 128), plain, stored)).isEqualTo(1016);
        assertThat(SectorCipherTest.sum(stored))
                .isEqualTo("b1318c4a993236d173fdc00f1496bdb8fd6af19f2087b0aeb05743a7b6d9bcda");
    }

    @Test
    void givesBackWhatWasWritten() throws Exception {
        cipher.begin(key, IDENTITY, salt);
        final MemorySegment back = memory(1016);
        back.copyFrom(plain);
        cipher.encryptFrame(5, back.asSlice(0, 1000), back);
        assertThat(cipher.decryptFrame(5, back, back)).isEqualTo(1000);
        assertThat(back.asSlice(0, 1000).mismatch(plain)).isEqualTo(-1);
        final MemorySegment table = memory(300_000);
        table.set(ValueLayout.JAVA_BYTE, 299_999, (byte) 1);
        final MemorySegment tableStored = memory(300_016);
        cipher.encryptTable(header, table, tableStored);
        // The checksum of the header is filled in last, and does not count.
        header.set(ValueLayout.JAVA_INT, 8, 0x12345678);
        final MemorySegment tableBack = memory(300_000);
        assertThat(cipher.decryptTable(header, tableStored, tableBack)).isEqualTo(300_000);
        assertThat(tableBack.mismatch(table)).isEqualTo(-1);
    }

    @Test
    void nothingStandsInForAFrame() throws Exception {
        cipher.begin(key, IDENTITY, salt);
        cipher.encryptFrame(5, plain, stored);
        refuses(4);
        final ObjectIdentity[] others = {
            new ObjectIdentity(NONCE, 3, 76, NONCE, 2),
            new ObjectIdentity(VOLUME, 4, 76, NONCE, 2),
            new ObjectIdentity(VOLUME, 3, 77, NONCE, 2),
            new ObjectIdentity(VOLUME, 3, 76, VOLUME, 2),
            new ObjectIdentity(VOLUME, 3, 76, NONCE, 0)
        };
        for (final ObjectIdentity other : others) {
            cipher.begin(key, other, salt);
            refuses(5);
        }
        cipher.begin(key, IDENTITY, new byte[DataKey.OBJECT_SALT_LENGTH]);
        refuses(5);
        try (DataKey wrong = DataKey.random()) {
            cipher.begin(wrong, IDENTITY, salt);
            refuses(5);
        }
        cipher.begin(key, IDENTITY, salt);
        for (int bit = 0; bit < stored.byteSize() * 8; bit += 7) {
            flip(stored, bit);
            refuses(5);
            flip(stored, bit);
        }
        cipher.decryptFrame(5, stored, memory(1000));
    }

    private void refuses(final int frame) {
        final MemorySegment target = memory(1000);
        assertThatThrownBy(() -> cipher.decryptFrame(frame, stored, target))
                .isInstanceOf(FormatException.class)
                .hasMessage("frame " + frame + " is not what was written there, or another key was used");
        assertThat(target.mismatch(memory(1000))).isEqualTo(-1);
    }

    @Test
    void aTableIsBoundToItsHeader() {
        cipher.begin(key, IDENTITY, salt);
        cipher.encryptTable(header, plain, stored);
        for (int bit = 0; bit < 128 * 8; bit++) {
            if (bit / 32 == 2) {
                continue;
            }
            flip(header, bit);
            assertThatThrownBy(() -> cipher.decryptTable(header, stored, memory(1000)))
                    .isInstanceOf(FormatException.class)
                    .hasMessageStartingWith("table is not what was written there");
            flip(header, bit);
        }
        // Neither is it a frame.
        refuses(0);
    }

    @Test
    void whatIsTooShortForATagIsDamaged() {
        cipher.begin(key, IDENTITY, salt);
        assertThatThrownBy(() -> cipher.decryptFrame(0, memory(15), memory(1)))
                .isInstanceOf(FormatException.class)
                .hasMessage("frame 0 is damaged: it is shorter than its tag");
    }

    @Test
    void whatIsNoFrameIsRefused() {
        cipher.begin(key, IDENTITY, salt);
        final MemorySegment tooLong = memory((64 << 10) + 1);
        assertThatThrownBy(() -> cipher.encryptFrame(0, tooLong, memory(1 << 17)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> cipher.encryptFrame(-1, plain, stored)).isInstanceOf(IllegalArgumentException.class);
    }

    private static void flip(final MemorySegment bytes, final int bit) {
        final byte old = bytes.get(ValueLayout.JAVA_BYTE, bit / 8);
        bytes.set(ValueLayout.JAVA_BYTE, bit / 8, (byte) (old ^ 1 << bit % 8));
    }

    private static byte[] bytes(final int first, final int length) {
        final byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) (first + i);
        }
        return bytes;
    }

    private static MemorySegment memory(final int length) {
        return Arena.ofAuto().allocate(Math.max(1, length), 8).asSlice(0, length);
    }

    private static String hex(final MemorySegment bytes) {
        return HexFormat.of().formatHex(bytes.toArray(ValueLayout.JAVA_BYTE));
    }
}

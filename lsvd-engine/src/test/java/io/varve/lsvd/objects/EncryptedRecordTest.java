package io.varve.lsvd.objects;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.lsvd.crypto.DataKey;
import io.varve.lsvd.format.FormatException;
import io.varve.lsvd.format.ObjectIdentity;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class EncryptedRecordTest {
    private static final UUID VOLUME = new UUID(1, 2);

    private final ObjectIdentity identity = EncryptedRecord.identity(VOLUME, 3, 4);
    private final DataKey key = DataKey.random();
    private final MemorySegment record = Arena.ofAuto().allocate(100_000).fill((byte) 7);
    private final MemorySegment all = EncryptedRecord.encrypt(key, identity, record);

    @AfterEach
    void forget() {
        key.close();
    }

    @Test
    void isReadBack() throws FormatException {
        assertThat(EncryptedRecord.decrypt("it", key, identity, all).mismatch(record))
                .isEqualTo(-1);
        assertThat(all.byteSize()).isEqualTo(record.byteSize() + EncryptedRecord.OVERHEAD);
    }

    @Test
    void isOfNoOtherEpochOrNumber() {
        refuses(EncryptedRecord.identity(VOLUME, 3, 5), all);
        refuses(EncryptedRecord.identity(VOLUME, 2, 4), all);
        refuses(EncryptedRecord.identity(new UUID(1, 3), 3, 4), all);
    }

    @Test
    void noBitCanBeChanged() {
        for (int bit = 0; bit < 8 * 300; bit++) {
            final byte before = all.get(ValueLayout.JAVA_BYTE, bit / 8);
            // In the place of an object's checksum nothing stands here.
            if (bit / 8 < 8 || bit / 8 >= 12) {
                all.set(ValueLayout.JAVA_BYTE, bit / 8, (byte) (before ^ 1 << bit % 8));
                refuses(identity, all);
                all.set(ValueLayout.JAVA_BYTE, bit / 8, before);
            }
        }
    }

    @Test
    void cannotBeCut() {
        for (long length = 0; length < all.byteSize(); length += 97) {
            refuses(identity, all.asSlice(0, length));
        }
    }

    private void refuses(final ObjectIdentity other, final MemorySegment bytes) {
        assertThatThrownBy(() -> EncryptedRecord.decrypt("it", key, other, bytes))
                .isInstanceOf(FormatException.class)
                .hasMessageStartingWith("it");
    }
}

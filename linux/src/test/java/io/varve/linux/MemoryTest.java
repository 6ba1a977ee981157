package io.varve.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class MemoryTest {
    private Mapping mapping;
    private long base;

    @BeforeEach
    void setUp() throws Exception {
        mapping = Memory.allocate(10_000);
        base = mapping.address();
    }

    @AfterEach
    void tearDown() {
        mapping.close();
    }

    @Test
    void allocatesZeroedPages() {
        assertThat(base % Memory.PAGE_SIZE).isZero();
        assertThat(mapping.length()).isEqualTo(10_000);
        assertThat(mapping.segment().toArray(java.lang.foreign.ValueLayout.JAVA_BYTE))
                .containsOnly(0);
    }

    @Test
    void isLittleEndianAtAnyAddress() {
        Memory.putLong(base + 1, 0x1122334455667788L);
        assertThat(Memory.getByte(base + 1)).isEqualTo((byte) 0x88);
        assertThat(Memory.getShort(base + 2)).isEqualTo((short) 0x6677);
        assertThat(Memory.getInt(base + 3)).isEqualTo(0x33445566);
        assertThat(Memory.getLong(base + 1)).isEqualTo(0x1122334455667788L);
        Memory.putShort(base + 1, (short) 0x0102);
        Memory.putInt(base + 3, 0x03040506);
        Memory.putByte(base + 8, (byte) 0x7f);
        assertThat(Memory.getLong(base + 1)).isEqualTo(0x7f22030405060102L);
    }

    @Test
    void ordersAlignedAccessesAndRefusesOthers() {
        Memory.putShortRelease(base + 2, (short) -2);
        assertThat(Memory.getShortAcquire(base + 2)).isEqualTo((short) -2);
        Memory.putIntRelease(base + 4, -4);
        assertThat(Memory.getIntAcquire(base + 4)).isEqualTo(-4);
        assertThat(Memory.getIntOpaque(base + 4)).isEqualTo(-4);
        Memory.putLongRelease(base + 8, -8);
        assertThat(Memory.getLongAcquire(base + 8)).isEqualTo(-8);
        assertThatIllegalArgumentException().isThrownBy(() -> Memory.getShortAcquire(base + 1));
        assertThatIllegalArgumentException().isThrownBy(() -> Memory.putIntRelease(base + 2, 0));
    }

    @Test
    void setsBitsOfOneByteOnly() {
        for (int i = 0; i < 8; i++) {
            assertThat(Memory.getAndOrByte(base + i, (byte) (0x80 | i))).isZero();
        }
        assertThat(Memory.getAndOrByte(base + 5, (byte) 0x0a)).isEqualTo((byte) 0x85);
        assertThat(Memory.getLong(base)).isEqualTo(0x87868f8483828180L);
        assertThat(Memory.getLong(base + 8)).isZero();
    }

    @Test
    void copiesAndFills() {
        final byte[] bytes = {0, 1, 2, 3, 4, 5};
        Memory.copy(bytes, 1, base + 7, 4);
        Memory.copy(base + 7, base + 8, 4);
        final byte[] out = new byte[6];
        Memory.copy(base + 7, out, 1, 5);
        assertThat(out).containsExactly(0, 1, 1, 2, 3, 4);
        Memory.fill(base + 7, 3, (byte) 0xee);
        Memory.zero(base + 8, 1);
        assertThat(Memory.getInt(base + 7)).isEqualTo(0x03ee00ee);
        assertThat(Memory.getByte(base + 6)).isZero();
    }
}

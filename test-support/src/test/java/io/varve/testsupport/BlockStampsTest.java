package io.varve.testsupport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashSet;
import java.util.Set;
import java.util.zip.CRC32C;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BlockStampsTest {
    private static final int COUNT = 1000;

    @ParameterizedTest
    @ValueSource(ints = {512, 4096})
    void tellsWhereAndWhenABlockWasWritten(final int size) {
        final BlockStamps stamps = new BlockStamps(size);
        final byte[] block = new byte[size];

        stamps.stamp(block, 7, 3);
        assertThat(stamps.generation(block, 7)).isEqualTo(3);
        assertThat(stamps.generation(new byte[size], 7)).isZero();
        assertThatThrownBy(() -> stamps.generation(block, 8)).hasMessage("block 8 holds block 7");

        block[size / 2] ^= 1;
        assertThatThrownBy(() -> stamps.generation(block, 7)).hasMessageContaining("damaged or torn");
    }

    /** What a disk knows a block by must differ, or the disk can't notice that it holds another's. */
    @ParameterizedTest
    @ValueSource(ints = {512, 4096})
    void givesEachBlockAnotherCrc(final int size) {
        final BlockStamps stamps = new BlockStamps(size);
        final byte[] block = new byte[size];
        final Set<Long> crcs = new HashSet<>();
        for (int i = 0; i < COUNT; i++) {
            stamps.stamp(block, i, 1);
            final CRC32C crc = new CRC32C();
            crc.update(block);
            crcs.add(crc.getValue());
        }
        assertThat(crcs).hasSize(COUNT);
    }
}

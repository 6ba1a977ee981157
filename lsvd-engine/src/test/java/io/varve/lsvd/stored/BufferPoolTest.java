package io.varve.lsvd.stored;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class BufferPoolTest {
    private final BufferPool pool = new BufferPool();

    @Test
    void givesLengthsAsAsked() {
        for (final long length :
                new long[] {1, 4096, 65_535, 65_536, 65_537, 100_000, 8 << 20, (8 << 20) + 1, 30 << 20}) {
            final MemorySegment memory = pool.take(length);
            assertThat(memory.byteSize()).isEqualTo(length);
            assertThat(memory.address() % 4096).isZero();
            memory.fill((byte) 1);
        }
    }

    @Test
    void givesAgainWhatFits() {
        final MemorySegment first = pool.take((8 << 20) + 5);
        pool.give(first);
        assertThat(pool.take((8 << 20) + 77_777).address()).isEqualTo(first.address());
        assertThat(pool.take((8 << 20) + 77_777).address()).isNotEqualTo(first.address());
    }

    @Test
    void doesNotGiveWhatWasForgotten() {
        final MemorySegment forgotten = pool.take(4096);
        pool.forget(forgotten);
        assertThat(pool.take(4096).address()).isNotEqualTo(forgotten.address());
        assertThatThrownBy(() -> pool.give(forgotten)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void keepsNoMoreThanItsLimit() {
        final List<MemorySegment> all = new ArrayList<>();
        final Set<Long> addresses = new HashSet<>();
        for (int i = 0; i < 16; i++) {
            final MemorySegment memory = pool.take(8 << 20);
            all.add(memory);
            addresses.add(memory.address());
        }
        all.forEach(pool::give);
        int again = 0;
        for (int i = 0; i < 16; i++) {
            again += addresses.contains(pool.take(8 << 20).address()) ? 1 : 0;
        }
        assertThat(again).isEqualTo(12);
    }
}

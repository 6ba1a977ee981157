package io.varve.lsvd.objects;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class BufferPoolTest {
    private static final long MIB = 1 << 20;
    private static final long SECOND_NS = 1_000_000_000L;

    private final AtomicLong clock = new AtomicLong(Long.MAX_VALUE);
    private final BufferPool pool = new BufferPool(clock::get);

    @AfterEach
    void close() {
        pool.close();
    }

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
    void freesWhatAStoreHasAnswered() {
        final MemorySegment read = pool.take(MIB);
        final CompletableFuture<Integer> answer = new CompletableFuture<>();
        pool.giveBehind(answer, read);
        assertThat(pool.bytes()).isZero();
        read.fill((byte) 1);
        assertThatThrownBy(() -> pool.give(read)).isInstanceOf(IllegalArgumentException.class);
        answer.complete(1);
        assertThatThrownBy(() -> read.fill((byte) 2)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void givesAgainWhatAStoreHadAnswered() {
        final MemorySegment read = pool.take(MIB);
        pool.giveBehind(CompletableFuture.failedFuture(new IOException()), read);
        assertThat(pool.take(MIB).address()).isEqualTo(read.address());
    }

    @Test
    void keepsNoMoreThanItsLimit() {
        final List<MemorySegment> all = take(16);
        assertThat(pool.bytes()).isEqualTo(16 * 8 * MIB);
        all.forEach(pool::give);
        assertThat(pool.bytes()).isEqualTo(10 * 8 * MIB);
        assertThatThrownBy(() -> all.getFirst().fill((byte) 1)).isInstanceOf(IllegalStateException.class);
        all.getLast().fill((byte) 1);
    }

    @Test
    void freesWhatWaitsForTheSakeOfWhatIsNeeded() {
        take(12).forEach(pool::give);
        pool.take(30 * MIB);
        assertThat(pool.bytes()).isBetween(64 * MIB, 80 * MIB);
        pool.take(100 * MIB);
        assertThat(pool.bytes()).as("what is used").isBetween(130 * MIB, 150 * MIB);
    }

    @Test
    void freesWhatNobodyNeedsForLong() {
        final List<MemorySegment> all = take(3);
        pool.give(all.get(0));
        clock.addAndGet(7 * SECOND_NS);
        pool.give(all.get(1));
        pool.freeUnneeded();
        assertThat(pool.bytes()).isEqualTo(24 * MIB);
        clock.addAndGet(4 * SECOND_NS);
        pool.freeUnneeded();
        assertThat(pool.bytes()).isEqualTo(16 * MIB);
        clock.addAndGet(60 * SECOND_NS);
        pool.freeUnneeded();
        assertThat(pool.bytes()).as("what is used").isEqualTo(8 * MIB);
    }

    @Test
    void endsWithAllThatNobodyWaitsFor() {
        final MemorySegment used = pool.take(MIB);
        final MemorySegment read = pool.take(MIB);
        pool.giveBehind(new CompletableFuture<>(), read);
        pool.close();
        assertThat(pool.bytes()).isZero();
        assertThatThrownBy(() -> used.fill((byte) 1)).isInstanceOf(IllegalStateException.class);
        read.fill((byte) 1);
    }

    private List<MemorySegment> take(final int count) {
        final List<MemorySegment> all = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            all.add(pool.take(8 * MIB));
        }
        return all;
    }
}

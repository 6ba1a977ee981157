package io.varve.lsvd.map;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ExtentMapTest {
    private static final int BLOCKS = 4000;

    @Test
    void anEmptyMapHoldsNothing() {
        try (ExtentMap map = new ExtentMap()) {
            assertThat(map.find(0)).isFalse();
            map.remove(0, ExtentMap.MAX_BLOCKS);
            assertThat(map.extentCount()).isZero();
        }
    }

    @Test
    void extentsThatContinueEachOtherAreKeptAsOne() {
        try (ExtentMap map = new ExtentMap()) {
            map.put(10, 5, 1000);
            map.put(20, 5, 1010);
            map.put(15, 5, 1005);
            assertThat(map.find(0)).isTrue();
            assertThat(map.foundBlock()).isEqualTo(10);
            assertThat(map.foundLength()).isIn(10, 15);
            assertThat(map.mappedBlocks()).isEqualTo(15);
        }
    }

    @Test
    void anExtentLongerThanOneEntryIsKeptAsSeveral() {
        try (ExtentMap map = new ExtentMap()) {
            final long length = 3L * ExtentMap.MAX_EXTENT_BLOCKS + 7;
            map.put(5, length, 77);
            assertThat(map.mappedBlocks()).isEqualTo(length);
            assertThat(map.find(5 + length - 1)).isTrue();
            assertThat(map.foundLocation() + (5 + length - 1 - map.foundBlock()))
                    .isEqualTo(77 + length - 1);
            map.remove(0, ExtentMap.MAX_BLOCKS);
            assertThat(map.mappedBlocks()).isZero();
        }
    }

    @Test
    void blocksOutsideTheMapAreRefused() {
        try (ExtentMap map = new ExtentMap()) {
            assertThatThrownBy(() -> map.put(-1, 1, 0)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> map.remove(ExtentMap.MAX_BLOCKS, 1)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void randomInsertionTakesAtMost24BytesAnExtent() {
        try (ExtentMap map = new ExtentMap()) {
            final Random random = new Random(1);
            for (int i = 0; i < 1_000_000; i++) {
                map.put(2 * (long) random.nextInt(1 << 30), 1, Location.inObject(i, 0));
            }
            assertThat((double) map.bytesInUse() / map.extentCount()).isLessThan(24.0);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void agreesWithAnArray(final long seed) {
        final Random random = new Random(seed);
        final long[] model = new long[BLOCKS];
        final int longest = random.nextBoolean() ? 4 : 200;
        try (ExtentMap map = new ExtentMap()) {
            for (int step = 0; step < 20_000; step++) {
                final int block = random.nextInt(BLOCKS);
                final int length = 1 + random.nextInt(Math.min(longest, BLOCKS - block));
                switch (random.nextInt(10)) {
                    case 0, 1, 2 -> {
                        map.remove(block, length);
                        java.util.Arrays.fill(model, block, block + length, 0);
                    }
                    case 3 -> relocate(map, model, block, length, 1_000_000L * random.nextInt(1, 1 << 20));
                    default -> {
                        final long location = 1_000_000L * random.nextInt(1, 1 << 20);
                        map.put(block, length, location);
                        for (int i = 0; i < length; i++) {
                            model[block + i] = location + i;
                        }
                    }
                }
                if (step % 500 == 0) {
                    assertSame(map, model);
                }
            }
            assertSame(map, model);
            map.remove(0, BLOCKS);
            assertThat(map.find(0)).isFalse();
            assertThat(map.extentCount()).isZero();
        }
    }

    private static void relocate(
            final ExtentMap map, final long[] model, final int block, final int length, final long to) {
        if (model[block] == 0) {
            return;
        }
        final long from = model[block];
        long moved = 0;
        for (int i = 0; i < length; i++) {
            if (model[block + i] == from + i) {
                model[block + i] = to + i;
                moved++;
            }
        }
        assertThat(map.relocate(block, length, from, to)).isEqualTo(moved);
    }

    private static void assertSame(final ExtentMap map, final long[] model) {
        final long[] seen = new long[BLOCKS];
        long position = 0;
        long extents = 0;
        long blocks = 0;
        while (position < BLOCKS && map.find(position)) {
            assertThat(map.foundBlock()).isGreaterThanOrEqualTo(position);
            for (int i = 0; i < map.foundLength(); i++) {
                seen[(int) map.foundBlock() + i] = map.foundLocation() + i;
            }
            position = map.foundBlock() + map.foundLength();
            extents++;
            blocks += map.foundLength();
        }
        assertThat(java.util.Arrays.mismatch(seen, model))
                .as("first block that differs")
                .isEqualTo(-1);
        assertThat(map.extentCount()).isEqualTo(extents);
        assertThat(map.mappedBlocks()).isEqualTo(blocks);
        for (int block = 0; block < BLOCKS; block += 7) {
            if (model[block] != 0) {
                assertThat(map.find(block)).isTrue();
                assertThat(map.foundLocation() + (block - map.foundBlock())).isEqualTo(model[block]);
            }
        }
    }
}

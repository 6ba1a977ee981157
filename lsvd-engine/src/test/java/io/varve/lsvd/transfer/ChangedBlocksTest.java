package io.varve.lsvd.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.map.ExtentMap;
import java.util.BitSet;
import java.util.Random;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

class ChangedBlocksTest {
    private static final int BLOCKS = 5000;

    /** Reads all of it, by pieces of at most so many bytes from the listener. */
    private static BitSet sectors(final ChangedBlocks changed, final long bytes, final long from, final int room) {
        final BitSet result = new BitSet();
        final long[] at = {from};
        while (at[0] < bytes) {
            final long before = at[0];
            final int[] parts = {0};
            changed.tell(at[0], bytes - at[0], (length, isChanged) -> {
                if (parts[0]++ == room) {
                    return false;
                }
                assertThat(length).isPositive();
                assertThat(at[0] + length).isLessThanOrEqualTo(bytes);
                if (isChanged) {
                    result.set((int) (at[0] / 512), (int) ((at[0] + length) / 512));
                }
                at[0] += length;
                return true;
            });
            assertThat(at[0]).isGreaterThan(before);
        }
        return result;
    }

    @RepeatedTest(20)
    void tellsWhatTheMapsHaveAndNothingIsMissingWhenCoarse(final RepetitionInfo repetition) {
        final Random random = new Random(repetition.getCurrentRepetition());
        final long bytes = (long) BLOCKS * Blocks.SIZE - 512 * random.nextInt(8);
        final BitSet expected = new BitSet();
        try (ExtentMap written = new ExtentMap();
                ExtentMap discarded = new ExtentMap()) {
            for (int i = 0; i < 50; i++) {
                final int block = random.nextInt(BLOCKS);
                final int length = 1 + random.nextInt(Math.min(40, BLOCKS - block));
                (random.nextBoolean() ? written : discarded).put(block, length, random.nextInt(1 << 20));
                expected.set(8 * block, (int) Math.min(bytes / 512, 8L * (block + length)));
            }
            final long from = 512L * random.nextInt(100);
            expected.clear(0, (int) (from / 512));
            final ChangedBlocks exact = ChangedBlocks.of(bytes, BLOCKS, written, discarded);
            assertThat(exact.granularity()).isEqualTo(Blocks.SIZE);
            assertThat(sectors(exact, bytes, from, 1 + random.nextInt(10))).isEqualTo(expected);

            final ChangedBlocks coarse = ChangedBlocks.of(bytes, 1000, written, discarded);
            assertThat(coarse.granularity()).isEqualTo(8L * Blocks.SIZE);
            final BitSet told = sectors(coarse, bytes, from, 1 + random.nextInt(10));
            final BitSet missing = (BitSet) expected.clone();
            missing.andNot(told);
            assertThat(missing.isEmpty()).isTrue();
            assertThat(told.cardinality()).isLessThanOrEqualTo(50 * 2 * 64 + expected.cardinality());
        }
    }

    @Test
    void theLargestDiskFits() {
        try (ExtentMap written = new ExtentMap()) {
            final long last = Blocks.MAX_VOLUME_SIZE / Blocks.SIZE - 1;
            written.put(last, 1, 7);
            final ChangedBlocks changed = ChangedBlocks.of(Blocks.MAX_VOLUME_SIZE, ChangedBlocks.MAX_BITS, written);
            assertThat(Blocks.MAX_VOLUME_SIZE / changed.granularity()).isLessThanOrEqualTo(ChangedBlocks.MAX_BITS);
            final long[] at = {0, 0};
            int calls = 0;
            while (at[0] < Blocks.MAX_VOLUME_SIZE) {
                calls++;
                changed.tell(at[0], Blocks.MAX_VOLUME_SIZE - at[0], (length, isChanged) -> {
                    at[0] += length;
                    at[1] += isChanged ? length : 0;
                    return true;
                });
            }
            assertThat(calls).isBetween(2, 20);
            assertThat(at[1]).isEqualTo(changed.granularity());
        }
    }
}

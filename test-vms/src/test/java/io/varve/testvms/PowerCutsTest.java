package io.varve.testvms;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PowerCutsTest {
    private static final int BOUNDARIES = 70;

    @Test
    void cutsOnceAtEveryFlushAndOnceBehindItUnlessToldOtherwise() {
        assertThat(IntStream.of(PowerCuts.numbers(BOUNDARIES, 0)).sorted().toArray())
                .containsExactly(IntStream.range(0, 2 * BOUNDARIES).toArray());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 30, 70, 71, 140, 500})
    void choosesDifferentCutsInTheOrderOfTheDisk(final int cuts) {
        final int[] numbers = PowerCuts.numbers(BOUNDARIES, cuts);
        assertThat(Arrays.stream(numbers).distinct()).hasSize(cuts);
        assertThat(Arrays.stream(numbers).map(number -> number % BOUNDARIES).toArray())
                .isSorted();
    }
}

package io.varve.testvms.powercut;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.testvms.powercut.CutNumbers.Kind;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CutNumbersTest {
    private static final CutNumbers NUMBERS =
            new CutNumbers(70, IntStream.range(0, 20).mapToObj(i -> 3 * i + 1).toList());

    @Test
    void areOneAtEveryFlushOneBehindEveryMarkAndOneBehindEveryFlushUnlessToldOtherwise() {
        assertThat(IntStream.of(NUMBERS.choose(0)).sorted().toArray())
                .containsExactly(IntStream.range(0, 70 + 20 + 70).toArray());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 30, 70, 71, 140, 500})
    void areDifferentAndInTheOrderOfTheDisk(final int cuts) {
        final int[] numbers = NUMBERS.choose(cuts);
        assertThat(Arrays.stream(numbers).distinct()).hasSize(cuts);
        assertThat(Arrays.stream(numbers).map(NUMBERS::interval).toArray()).isSorted();
    }

    @Test
    void areBehindMarksInAThirdWhereThereAreEnough() {
        assertThat(Arrays.stream(NUMBERS.choose(30)).filter(number -> NUMBERS.kind(number) == Kind.BEHIND_MARK))
                .hasSize(10)
                .allMatch(number -> NUMBERS.marked().contains(NUMBERS.interval(number)));
    }

    /** The last mark says that everything is in the store, and no other does. */
    @ParameterizedTest
    @ValueSource(ints = {1, 30, 140})
    void haveTheOneBehindTheLastMark(final int cuts) {
        assertThat(NUMBERS.choose(cuts)).contains(70 + 20 - 1);
    }

    @Test
    void needNoMarks() {
        assertThat(new CutNumbers(7, List.of()).choose(9)).hasSize(9);
    }
}
